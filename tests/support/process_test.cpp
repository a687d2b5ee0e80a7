// Process: output, signals, exit codes, and that nothing is left behind.
#include "support/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <stdexcept>

namespace tidemark::test {
namespace {

TEST(Process, CapturesBothStreamsLineByLine) {
  Process process({"sh", "-c", "echo one; echo two >&2; printf three"});
  ASSERT_TRUE(process.wait_for_line("three"));
  EXPECT_TRUE(process.wait_for_line("two"));
  EXPECT_EQ(process.wait()->code, 0);
  std::size_t errors = 0;
  for (const OutputLine& line : process.lines()) errors += line.is_error ? 1U : 0U;
  EXPECT_EQ(process.lines().size(), 3U);
  EXPECT_EQ(errors, 1U);
}

TEST(Process, GivesUpOnALineOnceTheOutputIsClosed) {
  Process process({"sh", "-c", "echo one"});
  EXPECT_FALSE(process.wait_for_line("never", std::chrono::minutes(1)));
}

TEST(Process, ReportsExitCodeAndSignal) {
  Process failing({"sh", "-c", "exit 7"});
  EXPECT_EQ(failing.wait()->code, 7);
  Process sleeping({"sleep", "1000"});
  EXPECT_TRUE(sleeping.running());
  EXPECT_FALSE(sleeping.wait(std::chrono::milliseconds(1)));
  sleeping.kill();
  EXPECT_EQ(sleeping.wait()->signal, SIGKILL);
  EXPECT_FALSE(sleeping.running());
}

TEST(Process, PassesEnvironmentAndArgumentsWithoutAShell) {
  Process process({"sh", "-c", "echo \"$GREETING $1\"", "sh", "a  b; c"}, {{"GREETING", "hello"}});
  EXPECT_TRUE(process.wait_for_line("hello a  b; c")) << process.output();
}

TEST(Process, SaysWhenAProgramCannotBeStarted) {
  EXPECT_THROW(Process({"/no/such/program"}), std::runtime_error);
}

TEST(Process, PausesAndResumes) {
  Process process({"sh", "-c", "trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.01; done"});
  ASSERT_TRUE(process.wait_for_line("ready"));
  process.pause();
  process.terminate();
  EXPECT_FALSE(process.wait_for_line("asked", std::chrono::milliseconds(100)));
  process.resume();
  EXPECT_TRUE(process.wait_for_line("asked"));
  EXPECT_EQ(process.wait()->code, 3);
}

TEST(Process, LeavesNothingBehind) {
  pid_t pid = 0;
  {
    Process process({"sleep", "1000"});
    pid = process.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Process, DoesNotWaitForAGrandchildThatHoldsItsOutput) {
  pid_t grandchild = 0;
  {
    Process process({"sh", "-c", "sleep 1000 & echo $!"});
    const auto line = process.wait_for_line("");
    ASSERT_TRUE(line);
    grandchild = std::stoi(*line);
    EXPECT_EQ(process.wait()->code, 0);
  }
  ::kill(grandchild, SIGKILL);
}

}  // namespace
}  // namespace tidemark::test
