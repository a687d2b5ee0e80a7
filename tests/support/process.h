// A child process under a test's control.
//
// std::system and popen lose the process id, cannot bound a wait, and leave the
// child behind when the test dies. A Process is started without a shell, its
// output is read as it comes (a full pipe never blocks it), it is always reaped,
// and the kernel kills it when the thread that started it ends, however that ends.
//
// Threading: use one Process from one thread, and start it from a thread that
// outlives it (the test's own). A thread of its own reads the output.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/eventually.h"

namespace tidemark::test {

// A line the process wrote, without its newline.
struct OutputLine {
  bool is_error = false;  // written to standard error
  std::string text;
};

class Process {
 public:
  // How a process ended: an exit code, or the signal that killed it.
  struct Exit {
    int code = 0;
    int signal = 0;
  };

  // Starts `arguments[0]` (looked up in PATH) with standard input closed and the
  // caller's environment plus `environment`. Throws std::runtime_error when it
  // cannot be started.
  explicit Process(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {});
  // Kills it if it still runs, and reaps it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Sends a signal; does nothing once the process has been reaped.
  void signal(int number);
  void kill();       // SIGKILL
  void terminate();  // SIGTERM
  void pause();      // SIGSTOP
  void resume();     // SIGCONT

  // Waits for the end and reaps; empty at the bound. May be called again.
  std::optional<Exit> wait(std::chrono::milliseconds bound = kBound);
  bool running();

  // The first line at or after index `from` that contains `text`; empty at the
  // bound or once the process has closed its output without such a line.
  std::optional<std::string> wait_for_line(std::string_view text, std::chrono::milliseconds bound = kBound,
                                           std::size_t from = 0);
  // Waits until `count` lines contain `text`.
  bool wait_for_lines(std::string_view text, std::size_t count, std::chrono::milliseconds bound = kBound);

  // What it has written so far; at most kMaxLines, later lines are dropped.
  std::vector<OutputLine> lines() const;
  // The same as one text, for a failure's message.
  std::string output() const;

  static constexpr std::size_t kMaxLines = 200'000;

 private:
  void read_output(int out, int error);
  void add(bool is_error, std::string& partial, std::string_view bytes);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<Exit> exit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<OutputLine> lines_;
  bool output_closed_ = false;
  std::thread reader_;
};

}  // namespace tidemark::test
