# Tests against a real Kafka: ctest label `real`.
#
# A fixture starts each broker once per run of ctest, and only when a selected
# test asks for it: `ctest -L quick` starts none. The ports come from the build
# directory's name, so that two build directories can be tested at once; they
# lie below the range that the system hands out for outgoing connections.
string(MD5 TIDEMARK_PORT_HASH "${PROJECT_BINARY_DIR}")
string(SUBSTRING "${TIDEMARK_PORT_HASH}" 0 6 TIDEMARK_PORT_HASH)
math(EXPR TIDEMARK_PORT "20000 + (0x${TIDEMARK_PORT_HASH} % 1200) * 10")
math(EXPR TIDEMARK_PORT_PROXIED "${TIDEMARK_PORT} + 1")
math(EXPR TIDEMARK_PORT_PROXY "${TIDEMARK_PORT} + 2")
math(EXPR TIDEMARK_PORT_39 "${TIDEMARK_PORT} + 3")
math(EXPR TIDEMARK_PORT_NODE1 "${TIDEMARK_PORT} + 4")
math(EXPR TIDEMARK_PORT_NODE2 "${TIDEMARK_PORT} + 5")
math(EXPR TIDEMARK_PORT_NODE3 "${TIDEMARK_PORT} + 6")

# What a real test finds in its environment (tests/support/environment.h reads it).
set(TIDEMARK_REAL_ENVIRONMENT
  # Kafka 4.4.0.
  "TIDEMARK_KAFKA=127.0.0.1:${TIDEMARK_PORT}"
  # The same broker's listener that sends its clients to TIDEMARK_KAFKA_PROXY,
  # where a test that wants faults puts a proxy.
  "TIDEMARK_KAFKA_PROXIED=127.0.0.1:${TIDEMARK_PORT_PROXIED}"
  "TIDEMARK_KAFKA_PROXY=127.0.0.1:${TIDEMARK_PORT_PROXY}"
  # Kafka 3.9.1, for tests that say KAFKA39.
  "TIDEMARK_KAFKA39=127.0.0.1:${TIDEMARK_PORT_39}"
  # Kafka 4.4.0 on three nodes, for tests that say CLUSTER.
  "TIDEMARK_CLUSTER=127.0.0.1:${TIDEMARK_PORT_NODE1},127.0.0.1:${TIDEMARK_PORT_NODE2},127.0.0.1:${TIDEMARK_PORT_NODE3}"
  "TIDEMARK_CLUSTER_DIR=${PROJECT_BINARY_DIR}/kafka_cluster"
  "TIDEMARK_PROGRAM=${PROJECT_BINARY_DIR}/src/cli/tidemark"
  "TIDEMARK_SOURCE_DIR=${PROJECT_SOURCE_DIR}")

function(tidemark_kafka_fixture name version)
  set(script ${PROJECT_SOURCE_DIR}/scripts/kafka)
  set(directory ${PROJECT_BINARY_DIR}/${name})
  # `--watch parent`: the broker ends with ctest, however ctest ends.
  add_test(NAME ${name}.start
    COMMAND ${script} start --version ${version} --dir ${directory} --watch parent ${ARGN})
  add_test(NAME ${name}.stop COMMAND ${script} stop --dir ${directory})
  set_tests_properties(${name}.start PROPERTIES FIXTURES_SETUP ${name} LABELS real TIMEOUT 240)
  set_tests_properties(${name}.stop PROPERTIES FIXTURES_CLEANUP ${name} LABELS real TIMEOUT 60)
endfunction()

tidemark_kafka_fixture(kafka44 4.4.0 --port ${TIDEMARK_PORT}
  --proxied-port ${TIDEMARK_PORT_PROXIED} --proxied-advertised 127.0.0.1:${TIDEMARK_PORT_PROXY})
tidemark_kafka_fixture(kafka39 3.9.1 --port ${TIDEMARK_PORT_39})
# A dead broker is noticed after three seconds, not nine.
tidemark_kafka_fixture(kafka_cluster 4.4.0 --nodes 3 --port ${TIDEMARK_PORT_NODE1} --offsets-partitions 6
  --config broker.session.timeout.ms=3000 --config broker.heartbeat.interval.ms=500)

# tidemark_real_test(NAME SOURCES a_test.cpp … [DEPENDS target …] [KAFKA39] [CLUSTER] [PROXIED] [SERIAL] [TIMEOUT s])
# One GoogleTest program whose every case finds Kafka 4.4.0 running; KAFKA39:
# 3.9.1 too. CLUSTER: the cluster of three instead, for one case at a time, which
# finds all nodes up and leaves them so. PROXIED: its cases listen on the proxy's port, one at a time.
# SERIAL: its cases run while nothing else does. Listing the cases needs no broker.
function(tidemark_real_test name)
  cmake_parse_arguments(ARG "KAFKA39;CLUSTER;PROXIED;SERIAL" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set(fixtures kafka44)
  if(ARG_KAFKA39)
    list(APPEND fixtures kafka39)
  endif()
  set(extra)
  if(ARG_CLUSTER)
    set(fixtures kafka_cluster)
    list(APPEND extra RESOURCE_LOCK kafka_cluster)
  endif()
  if(ARG_PROXIED)
    list(APPEND extra RESOURCE_LOCK kafka_proxy)
  endif()
  if(ARG_SERIAL)
    list(APPEND extra RUN_SERIAL ON)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    tidemark_test_support ${ARG_DEPENDS} GTest::gtest GTest::gtest_main tidemark_warnings)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES ${extra} LABELS real TIMEOUT ${ARG_TIMEOUT})
  # gtest_discover_tests breaks properties that are lists, so ctest sets these
  # two itself, for the cases it has discovered.
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${name}_fixtures.cmake)
  file(WRITE ${script} "if(${name}_TESTS)
  set_tests_properties(\${${name}_TESTS} PROPERTIES
    FIXTURES_REQUIRED \"${fixtures}\"
    ENVIRONMENT \"${TIDEMARK_REAL_ENVIRONMENT}\")
endif()
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${script})
endfunction()
