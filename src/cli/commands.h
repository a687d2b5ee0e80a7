// The commands of the program, each registered with its options.
//
// A command runs while the line is parsed (CLI11's callbacks) and leaves its
// exit code in `code`, which must outlive the parsing.
#pragma once

namespace CLI {
class App;
}

namespace tidemark::cli {

void add_serve(CLI::App& app, int& code);
void add_publish(CLI::App& app, int& code);
void add_wait(CLI::App& app, int& code);
void add_settle(CLI::App& app, int& code);
void add_ack(CLI::App& app, int& code);
void add_consumers(CLI::App& app, int& code);
void add_doctor(CLI::App& app, int& code);
void add_verify(CLI::App& app, int& code);
void add_version(CLI::App& app, int& code);

}  // namespace tidemark::cli
