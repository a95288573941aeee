// Operator commands on the books and the audit log.
#include <fmt/format.h>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
Action build_ledger_verify(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto reply = ask(c, *o, {"GET", "/admin/ledger/verify", "", ""});
        if (!reply) return fail(c, reply.error());
        auto doc = JsonDoc::parse(*reply);
        if (!doc) return fail(c, doc.error());
        const auto r = doc->root();
        const bool ok = r["ok"].boolean();
        if (o->json) {
            c.out << *reply << "\n";
            return ok ? exit_ok : exit_failed;
        }
        for (const JsonRef fault : r["faults"]) c.out << fault.text() << "\n";
        c.out << fmt::format("{}: {} entries, {} wallets, {} open holds, {} faults\n", ok ? "ok" : "NOT OK",
                             r["entries"].raw(), r["wallets"].raw(), r["open_holds"].raw(), r["faults"].size());
        return ok ? exit_ok : exit_failed;
    };
}

Action build_audit_list(Spec& spec) {
    struct Options : Operator {
        std::string account, action;
        std::optional<int64_t> limit;
    };
    auto o = std::make_shared<Options>();
    spec.text("--account", "ID", o->account, "only this account's (all)");
    spec.text("--action", "A", o->action, "only this action, such as wallet.credit (all)");
    spec.whole("--limit", o->limit, 1, 1'000'000, "at most so many (100)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string filter;
        if (!o->account.empty()) filter += "&account=" + percent_encode(o->account);
        if (!o->action.empty()) filter += "&action=" + percent_encode(o->action);
        return print_list(c, *o, "/admin/audit", "audit", filter,
                          {"audit_id", "at", "actor", "from", "action", "object", "account_id", "detail"},
                          o->limit.value_or(100));
    };
}

}  // namespace aig::cli
