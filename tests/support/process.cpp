// See process.h.
#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tidemark::test {
namespace {

std::runtime_error system_error(const std::string& what) {
  return std::runtime_error(what + ": " + std::strerror(errno));
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : added) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("pipe");
    read = ends[0];
    write = ends[1];
  }
};

// Runs in the child between fork and exec: system calls only, no allocation.
[[noreturn]] void become(char* const* arguments, char* const* environment, int out, int error, int failure,
                         pid_t parent) {
  // Signals are blocked or ignored as the caller left them; a program starts with defaults.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before the kernel was told
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(out, 1) >= 0 && dup2(error, 2) >= 0) {
    // A test's own sockets are not the child's: a listener that it inherits stays bound.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execvpe(arguments[0], arguments, environment);
  }
  const int reason = errno;
  [[maybe_unused]] const auto written = write(failure, &reason, sizeof reason);
  _exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment) {
  if (arguments.empty()) throw std::runtime_error("no program to start");
  std::vector<std::string> variables = merged_environment(environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  const Pipe out;
  const Pipe error;
  const Pipe failure;  // carries errno when exec fails, and closes when it succeeds
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    become(argument_pointers.data(), variable_pointers.data(), out.write, error.write, failure.write, parent);
  }
  const int fork_errno = errno;
  close(out.write);
  close(error.write);
  close(failure.write);
  int reason = pid_ < 0 ? fork_errno : 0;
  if (pid_ > 0 && read(failure.read, &reason, sizeof reason) > 0) waitpid(pid_, nullptr, 0);
  close(failure.read);
  if (reason != 0) {
    close(out.read);
    close(error.read);
    errno = reason;
    throw system_error("cannot start " + arguments[0]);
  }
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));  // glibc 2.36 declares pidfd_open for C only
  reader_ = std::thread([this, out_end = out.read, error_end = error.read] { read_output(out_end, error_end); });
}

Process::~Process() {
  kill();
  wait();
  // A grandchild may hold the pipe's other end; the reader looks at the flag.
  {
    const std::lock_guard lock(mutex_);
    output_closed_ = true;
  }
  reader_.join();
  if (pidfd_ >= 0) close(pidfd_);
}

void Process::signal(int number) {
  if (!exit_) ::kill(pid_, number);
}

void Process::kill() { signal(SIGKILL); }
void Process::terminate() { signal(SIGTERM); }
void Process::pause() { signal(SIGSTOP); }
void Process::resume() { signal(SIGCONT); }

std::optional<Process::Exit> Process::wait(std::chrono::milliseconds bound) {
  if (exit_) return exit_;
  const auto end = std::chrono::steady_clock::now() + bound;
  pollfd descriptor{pidfd_, POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int ready = poll(&descriptor, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) break;
    if (ready == 0) return std::nullopt;
    if (errno != EINTR) throw system_error("poll");
  }
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) throw system_error("waitpid");
  exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
  // What it wrote last is in the pipe still; a grandchild may hold that open.
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(1), [&] { return output_closed_; });
  return exit_;
}

bool Process::running() { return !wait(std::chrono::milliseconds(0)).has_value(); }

std::optional<std::string> Process::wait_for_line(std::string_view text, std::chrono::milliseconds bound,
                                                  std::size_t from) {
  const auto end = std::chrono::steady_clock::now() + bound;
  std::unique_lock lock(mutex_);
  for (std::size_t next = from;;) {
    for (; next < lines_.size(); ++next) {
      if (lines_[next].text.find(text) != std::string::npos) return lines_[next].text;
    }
    if (output_closed_ || changed_.wait_until(lock, end) == std::cv_status::timeout) {
      if (next >= lines_.size()) return std::nullopt;
    }
  }
}

bool Process::wait_for_lines(std::string_view text, std::size_t count, std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  const auto seen = [&] {
    std::size_t matching = 0;
    for (const OutputLine& line : lines_) matching += line.text.find(text) != std::string::npos ? 1U : 0U;
    return matching >= count;
  };
  changed_.wait_for(lock, bound, [&] { return output_closed_ || seen(); });
  return seen();
}

std::vector<OutputLine> Process::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::string Process::output() const {
  std::string text;
  for (const OutputLine& line : lines()) text += (line.is_error ? "stderr: " : "stdout: ") + line.text + "\n";
  return text;
}

void Process::add(bool is_error, std::string& partial, std::string_view bytes) {
  partial += bytes;
  std::size_t begin = 0;
  const std::lock_guard lock(mutex_);
  for (std::size_t end; (end = partial.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (lines_.size() < kMaxLines) lines_.push_back({is_error, partial.substr(begin, end - begin)});
  }
  partial.erase(0, begin);
  changed_.notify_all();
}

void Process::read_output(int out, int error) {
  std::array<pollfd, 2> descriptors{{{out, POLLIN, 0}, {error, POLLIN, 0}}};
  std::array<std::string, 2> partial;
  std::array<char, 16384> buffer{};
  const auto open_ends = [&] { return descriptors[0].fd >= 0 || descriptors[1].fd >= 0; };
  const auto closing = [&] {
    const std::lock_guard lock(mutex_);
    return output_closed_;
  };
  while (open_ends() && !closing()) {
    if (poll(descriptors.data(), descriptors.size(), 100) <= 0) continue;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      if (descriptors[i].fd < 0 || descriptors[i].revents == 0) continue;
      const ssize_t count = read(descriptors[i].fd, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count > 0) {
        add(i == 1, partial[i], std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      } else {
        if (!partial[i].empty()) add(i == 1, partial[i], "\n");
        descriptors[i].fd = -1;
      }
    }
  }
  close(out);
  close(error);
  const std::lock_guard lock(mutex_);
  output_closed_ = true;
  changed_.notify_all();
}

}  // namespace tidemark::test
