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
        {Group::operate, "user create", "make a portal user; prints a token for the first password", build_user_create},
        {Group::operate, "user list", "list the portal's users", build_user_list},
        {Group::operate, "user block", "end a user's sessions and refuse log-ins", build_user_block},
        {Group::operate, "user unblock", "let a blocked user log in again", build_user_unblock},
        {Group::operate, "user reset-password", "print a token that lets a user choose a new password",
         build_user_reset_password},
        {Group::operate, "user grant-operator", "let a user read every account in the portal",
         build_user_grant_operator},
        {Group::operate, "user revoke-operator", "take that back", build_user_revoke_operator},
        {Group::operate, "key create", "make an API key; it is shown this once", build_key_create},
        {Group::operate, "key list", "list keys (never the keys themselves)", build_key_list},
        {Group::operate, "key revoke", "end a key at once", build_key_revoke},
        {Group::operate, "key freeze", "stop a key until it is unfrozen", build_key_freeze},
        {Group::operate, "key unfreeze", "let a key go on that was frozen or braked", build_key_unfreeze},
        {Group::operate, "key rotate", "make a key's successor with the same terms", build_key_rotate},
        {Group::operate, "sub-account create", "make a sub-account with its first key", build_sub_account_create},
        {Group::operate, "sub-account list", "list an account's sub-accounts", build_sub_account_list},
        {Group::operate, "wallet credit", "add money; the same --ref credits once", build_wallet_credit},
        {Group::operate, "wallet show", "show what a wallet holds", build_wallet_show},
        {Group::operate, "wallet refund", "give back what a call took", build_wallet_refund},
        {Group::operate, "wallet adjust", "add or take money as a correction", build_wallet_adjust},
        {Group::operate, "wallet freeze", "let a wallet take no new call", build_wallet_freeze},
        {Group::operate, "wallet unfreeze", "let a frozen wallet take calls again", build_wallet_unfreeze},
        {Group::operate, "coupon create", "make a code that is money or a percentage off", build_coupon_create},
        {Group::operate, "coupon list", "list the coupons", build_coupon_list},
        {Group::operate, "coupon disable", "let a code be used no more", build_coupon_disable},
        {Group::operate, "coupon enable", "let a disabled code be used again", build_coupon_enable},
        {Group::operate, "coupon redeem", "redeem a code for an account", build_coupon_redeem},
        {Group::operate, "rate set", "set what one USD is in a currency", build_rate_set},
        {Group::operate, "rate list", "list the exchange rates", build_rate_list},
        {Group::operate, "budget set", "cap what calls with a tag may spend", build_budget_set},
        {Group::operate, "budget list", "list the budgets of an account's tags", build_budget_list},
        {Group::operate, "budget drop", "take a tag's cap away", build_budget_drop},
        {Group::operate, "prices diff", "compare a public price list with the prices here", build_prices_diff},
        {Group::operate, "prices import", "turn a public price list into a file for billing.price_file",
         build_prices_import},
        {Group::operate, "ledger verify", "re-check every invariant and the hash chain", build_ledger_verify},
        {Group::operate, "ledger statement", "show and check an account's signed statement of a day",
         build_ledger_statement},
        {Group::operate, "ledger recon", "compare the ledger with the request log, call by call", build_ledger_recon},
        {Group::operate, "report margin", "what was charged, what it cost, what was lost", build_report_margin},
        {Group::operate, "invoice import", "compare a provider's invoice with the request log and keep it",
         build_invoice_import},
        {Group::operate, "invoice show", "compare an imported invoice again", build_invoice_show},
        {Group::operate, "invoice list", "list the imported invoices", build_invoice_list},
        {Group::operate, "audit list", "list what operators and users did, newest first", build_audit_list},

        {Group::client, "init", "keep a gateway's URL and key for the commands below", build_init},
        {Group::client, "call", "send one chat and print the answer", build_call},
        {Group::client, "models", "list the models and their prices", build_models},
        {Group::client, "usage", "show what the calls cost, by day, model, key, tag or sub-account", build_usage},
        {Group::client, "tail", "show the newest calls, and the next ones as they come", build_tail},

        {Group::hidden, "docs cli", "print the reference of the command line", build_docs_cli},
    };
    return table;
}

}  // namespace aig::cli
