// Where a client command finds the gateway and its key: by flag, else AIG_BASE_URL / AIG_API_KEY, else the config file,
// else the last `aig dev`. URL and key come from the same place unless a flag or variable says otherwise.
#pragma once

#include "cli/detail/command.h"

namespace aig::cli {

struct Account {
    std::string url, key;
};
void account_options(Spec& spec, Account& flags);
/// bad_param saying what to do when there is no URL, or no key though `needs_key`.
Result<Account> find_account(const Context& context, const Account& flags, bool needs_key);
/// ~/.config/aig/config.json (or under XDG_CONFIG_HOME); "" without a home.
std::string client_config_file(const Context& context);
std::string last_dev_file(const Context& context);

/// The message of an error reply, whatever the dialect: error.message, message, or the text itself.
Error gateway_error(int status, std::string_view body);

}  // namespace aig::cli
