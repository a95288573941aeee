// The command line of `aig`: one table of commands (commands.cpp), what each takes, and the client and operator
// commands themselves. What runs a gateway or opens a database is not in this room: the app gives it as hooks. run()
// parses, calls and returns the exit code; nothing here exits the process. One thread (a command that talks HTTP starts
// a loop of its own).
//
// Exit codes: 0 done, 1 refused or failed (also: verify found a fault), 2 wrong usage, 3 no gateway could be reached.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace aig::cli {

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_unreachable = 3;

struct ServeOptions {
    std::string config_file;  ///< required
    std::string ready_file;   ///< "" = none
};
struct DevOptions {
    uint16_t port = 8080;  ///< 0 = free ports for all listeners
    std::string host = "127.0.0.1";
    std::string data_dir;                 ///< "" = a fresh temporary folder
    std::string ready_file, config_file;  ///< "" = none
};
struct PricesOptions {
    std::string file, format;  ///< "litellm", "models.dev" or "aig"
    std::string config_file;   ///< diff: compare with what this configuration charges
    std::string out_file;      ///< import: "" = standard output
    std::vector<std::string> providers;
    bool json = false;
};
struct SimOptions {
    uint16_t port = 8090;  ///< 0 = a free port
    std::string host = "127.0.0.1";
    std::string bill_file, script_file, ready_file;
    bool list_faults = false;  ///< print the table of faults and end
};

/// Whose database an operator command means, when not a URL.
struct Place {
    std::string config_file;  ///< "" = none given
    std::string data_dir;     ///< --data DIR, instead of a config
};

/// The admin API as a value, the same whether it is answered by a server or in this process.
struct AdminRequest {
    std::string method, path, query, body;  ///< path as "/admin/accounts", query without '?'
};
struct AdminReply {
    int status = 0;
    std::string json;
};
class AdminTransport {
  public:
    virtual ~AdminTransport() = default;
    virtual Result<AdminReply> call(AdminRequest request) = 0;
};

/// What the app brings. The functions print their own output and errors (to stdout and stderr) and return the exit
/// code.
struct CliHooks {
    std::string version = "0.0.0";
    int schema_version = 0;  ///< the newest schema this binary knows
    std::function<int(const ServeOptions&)> serve;
    std::function<int(const DevOptions&)> dev;
    std::function<int(const SimOptions&)> sim;
    std::function<int(const std::string& file)> config_check;
    std::function<int()> config_schema, config_docs;
    std::function<int(const PricesOptions&)> prices_diff, prices_import;
    /// The data folder of a place, from its config file.
    std::function<Result<std::string>(const Place&)> data_dir;
    /// Opens the place's database in this process, under its lock and without recovery; `conflict` when the lock is
    /// taken.
    std::function<Result<std::unique_ptr<AdminTransport>>(const Place&)> open_in_process;
};

int run(int argc, const char* const* argv, const CliHooks& hooks);

/// Where `aig dev` leaves a copy of its ready file (0600) and removes it at its end, so that `aig call` finds it
/// without flags: $XDG_STATE_HOME/aig/dev.json, else ~/.local/state/aig/dev.json; "" without a home.
std::string last_dev_file();
/// <data_dir>/admin.sock: the admin API as plain HTTP/1.1, open to whoever may open the file (0600).
std::string admin_socket(const std::string& data_dir);

}  // namespace aig::cli
