// One builder a command; their bodies are in command/.
#pragma once

#include "cli/detail/command.h"

namespace aig::cli {

Action build_serve(Spec&);
Action build_dev(Spec&);
Action build_sim(Spec&);
Action build_config_check(Spec&);
Action build_config_schema(Spec&);
Action build_config_docs(Spec&);
Action build_prices_diff(Spec&);
Action build_prices_import(Spec&);
Action build_account_create(Spec&);
Action build_account_list(Spec&);
Action build_account_show(Spec&);
Action build_account_update(Spec&);
Action build_account_block(Spec&);
Action build_account_unblock(Spec&);
Action build_user_create(Spec&);
Action build_user_list(Spec&);
Action build_user_block(Spec&);
Action build_user_unblock(Spec&);
Action build_user_reset_password(Spec&);
Action build_user_grant_operator(Spec&);
Action build_user_revoke_operator(Spec&);
Action build_key_create(Spec&);
Action build_key_list(Spec&);
Action build_key_show(Spec&);
Action build_key_update(Spec&);
Action build_key_revoke(Spec&);
Action build_wallet_credit(Spec&);
Action build_wallet_show(Spec&);
Action build_ledger_verify(Spec&);
Action build_ledger_statement(Spec&);
Action build_wallet_refund(Spec&);
Action build_wallet_adjust(Spec&);
Action build_wallet_freeze(Spec&);
Action build_wallet_unfreeze(Spec&);
Action build_coupon_create(Spec&);
Action build_coupon_list(Spec&);
Action build_coupon_disable(Spec&);
Action build_coupon_enable(Spec&);
Action build_coupon_redeem(Spec&);
Action build_rate_set(Spec&);
Action build_rate_list(Spec&);
Action build_budget_set(Spec&);
Action build_budget_drop(Spec&);
Action build_budget_list(Spec&);
Action build_sub_account_create(Spec&);
Action build_sub_account_list(Spec&);
Action build_key_freeze(Spec&);
Action build_key_unfreeze(Spec&);
Action build_key_rotate(Spec&);
Action build_ledger_recon(Spec&);
Action build_report_margin(Spec&);
Action build_invoice_import(Spec&);
Action build_invoice_show(Spec&);
Action build_invoice_list(Spec&);
Action build_audit_list(Spec&);
Action build_init(Spec&);
Action build_call(Spec&);
Action build_models(Spec&);
Action build_usage(Spec&);
Action build_tail(Spec&);
Action build_docs_cli(Spec&);

}  // namespace aig::cli
