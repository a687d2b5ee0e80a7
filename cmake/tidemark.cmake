# The three things a directory declares: a library, its tests, a program.
# Every target of ours compiles with the same warnings, as errors.

add_library(tidemark_warnings INTERFACE)
target_compile_options(tidemark_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)

# TIDEMARK_SANITIZE: "", "address,undefined" or "thread"; the presets set it.
set(TIDEMARK_SANITIZE "" CACHE STRING "sanitizers to build with")
if(TIDEMARK_SANITIZE)
  add_compile_options(-fsanitize=${TIDEMARK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TIDEMARK_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With what a sanitizer inserts g++ 12 takes the values of optionals for unset.
    add_compile_options(-Wno-maybe-uninitialized)
    if(TIDEMARK_SANITIZE STREQUAL "thread")
      add_compile_options(-Wno-tsan)  # Asio's fences, which g++ says it cannot instrument
    endif()
  endif()
endif()

# tidemark_library(NAME SOURCES a.cpp … [DEPENDS target …])
# Without sources the library is header-only.
function(tidemark_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE tidemark_warnings)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
  endif()
endfunction()

# tidemark_test(NAME SOURCES a_test.cpp … [DEPENDS target …] [LABELS quick])
# One GoogleTest program; every case becomes a ctest of its own.
function(tidemark_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS quick)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest GTest::gtest_main tidemark_warnings)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120)
endfunction()

# tidemark_program(NAME SOURCES a.cpp … [DEPENDS target …])
function(tidemark_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} tidemark_warnings)
endfunction()
