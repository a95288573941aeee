// The table of commands. A new one is a builder in command/ and a row here.
#include "cli/detail/builders.h"

namespace aig::cli {

const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
        {Group::gateway, "serve", "run the gateway", build_serve},
        {Group::gateway, "dev", "gateway, simulated provider, an account with 10 USD and keys; needs nothing else",
         build_dev},
        {Group::gateway, "sim", "the simulated provider alone", build_sim},
        {Group::gateway, "config check", "check a configuration file and name all its faults", build_config_check},
        {Group::gateway, "config schema", "print the JSON schema of the configuration", build_config_schema},
        {Group::gateway, "config docs", "print the reference of the configuration", build_config_docs},

        {Group::operate, "account create", "make an account with an empty wallet", build_account_create},
        {Group::operate, "account list", "list the accounts", build_account_list},
        {Group::operate, "account block", "refuse all calls of an account", build_account_block},
        {Group::operate, "account unblock", "let a blocked account call again", build_account_unblock},
        {Group::operate, "key create", "make an API key; it is shown this once", build_key_create},
        {Group::operate, "key list", "list keys (never the keys themselves)", build_key_list},
        {Group::operate, "key revoke", "end a key at once", build_key_revoke},
        {Group::operate, "wallet credit", "add money; the same --ref credits once", build_wallet_credit},
        {Group::operate, "wallet show", "show what a wallet holds", build_wallet_show},
        {Group::operate, "ledger verify", "re-check every invariant and the hash chain", build_ledger_verify},
        {Group::operate, "audit list", "list what operators and users did, newest first", build_audit_list},

        {Group::client, "init", "keep a gateway's URL and key for the commands below", build_init},
        {Group::client, "call", "send one chat and print the answer", build_call},
        {Group::client, "models", "list the models and their prices", build_models},

        {Group::hidden, "docs cli", "print the reference of the command line", build_docs_cli},
    };
    return table;
}

}  // namespace aig::cli
