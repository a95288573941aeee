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
Action build_account_create(Spec&);
Action build_account_list(Spec&);
Action build_account_block(Spec&);
Action build_account_unblock(Spec&);
Action build_key_create(Spec&);
Action build_key_list(Spec&);
Action build_key_revoke(Spec&);
Action build_wallet_credit(Spec&);
Action build_wallet_show(Spec&);
Action build_ledger_verify(Spec&);
Action build_audit_list(Spec&);
Action build_init(Spec&);
Action build_call(Spec&);
Action build_models(Spec&);
Action build_docs_cli(Spec&);

}  // namespace aig::cli
