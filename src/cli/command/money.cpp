// Operator commands on money by hand, coupons, exchange rates, budgets of tags.
#include <fmt/format.h>

#include "base/time.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
constexpr int64_t us_per_day = 86'400'000'000;

struct Member {
    std::string_view name;
    const std::string& value;
};
/// An object of the texts that are not empty.
std::string body_of(std::initializer_list<Member> members) {
    std::string body;
    JsonWriter w(body);
    w.begin_object();
    for (const auto& m : members)
        if (!m.value.empty()) w.field(m.name, m.value);
    w.end_object();
    return body;
}
std::string account_path(const std::string& account, std::string_view rest) {
    return fmt::format("/admin/accounts/{}/{}", percent_encode(account), rest);
}
void say_moved(std::ostream& out, JsonRef r) {
    out << fmt::format("moved      {}{}\n", r["moved"].text(),
                       r["before"].boolean() ? "nothing: this ref was booked before" : "");
    say_wallet(out, r);
}

struct Move : Operator {
    std::string account, amount, request, ref, memo;
};
Action move(Spec& spec, std::string_view verb, const std::shared_ptr<Move>& o) {
    spec.text("--ref", "R", o->ref, "an outside name of this movement; the same one moves money once");
    spec.text("--memo", "M", o->memo, "a note for the books");
    operator_options(spec, *o);
    return [o, verb](const Context& c) {
        auto body = body_of({{"request_id", o->request}, {"amount", o->amount}, {"ref", o->ref}, {"memo", o->memo}});
        return ask_and_print(c, *o, {"POST", account_path(o->account, verb), "", std::move(body)},
                             [&](JsonRef r) { say_moved(c.out, r); });
    };
}

Action wallet_switch(Spec& spec, std::string_view verb) {
    struct Options : Operator {
        std::string account;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose wallet");
    operator_options(spec, *o);
    return [o, verb](const Context& c) {
        return ask_and_print(c, *o, {"POST", account_path(o->account, verb), "", ""}, [&](JsonRef r) {
            c.out << fmt::format("The wallet of {} is {}.\n", o->account, r["frozen"].boolean() ? "frozen" : "open");
        });
    };
}

void say_coupon(std::ostream& out, JsonRef r) {
    const bool bonus = r["kind"].text() == "bonus";
    out << fmt::format("{}  {}  {}, used {} of {}, {}\n", r["code"].text(), r["kind"].text(),
                       bonus ? fmt::format("{} {}", r["amount"].text(), r["currency"].text())
                             : fmt::format("{} %", r["percent"].text()),
                       r["uses"].raw(), r["max_uses"].raw(), r["status"].text());
}
Action coupon_switch(Spec& spec, std::string_view verb) {
    struct Options : Operator {
        std::string code;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--code", "C", o->code, "the code");
    operator_options(spec, *o);
    return [o, verb](const Context& c) {
        return ask_and_print(c, *o,
                             {"POST", fmt::format("/admin/coupons/{}/{}", percent_encode(o->code), verb), "", ""},
                             [&](JsonRef r) { say_coupon(c.out, r); });
    };
}
}  // namespace

Action build_wallet_refund(Spec& spec) {
    auto o = std::make_shared<Move>();
    spec.needed("--account", "ID", o->account, "whose call");
    spec.needed("--request-id", "R", o->request, "the call (x-aig-request-id)");
    spec.text("--amount", "D", o->amount, "how much of it (all that is left)");
    return move(spec, "refund", o);
}
Action build_wallet_adjust(Spec& spec) {
    auto o = std::make_shared<Move>();
    spec.needed("--account", "ID", o->account, "whose wallet");
    spec.needed("--amount", "D", o->amount, "what to add; with a minus, what to take, never more than is available");
    return move(spec, "adjust", o);
}
Action build_wallet_freeze(Spec& spec) { return wallet_switch(spec, "freeze"); }
Action build_wallet_unfreeze(Spec& spec) { return wallet_switch(spec, "unfreeze"); }

Action build_coupon_create(Spec& spec) {
    struct Options : Operator {
        std::string code, amount, currency, percent, models, note;
        std::optional<int64_t> uses, each, days, bonus_days;
    };
    auto o = std::make_shared<Options>();
    spec.text("--code", "C", o->code, "what customers type (a random one)");
    spec.text("--amount", "D", o->amount, "a bonus of so much");
    spec.text("--currency", "CCC", o->currency, "its currency (the configuration's)");
    spec.text("--percent", "P", o->percent, "or so many percent off a call's price, 0.01 to 99.99");
    spec.text("--models", "A,B", o->models, "the only models a discount is good for (all)");
    spec.whole("--max-uses", o->uses, 1, 1'000'000'000, "how often it can be used in all (1)");
    spec.whole("--max-per-account", o->each, 1, 1'000'000'000, "how often by one account (1)");
    spec.whole("--expires-days", o->days, 1, 36'500, "days until it expires (never)");
    spec.whole("--bonus-days", o->bonus_days, 1, 36'500, "days in which the bonus can be spent (for ever)");
    spec.text("--note", "N", o->note, "a note");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object();
        for (const auto& [name, value] : {std::pair{"code", &o->code},
                                          {"amount", &o->amount},
                                          {"currency", &o->currency},
                                          {"percent", &o->percent},
                                          {"note", &o->note}})
            if (!value->empty()) w.field(name, *value);
        for (const auto& [name, value] :
             {std::pair{"max_uses", o->uses}, {"max_per_account", o->each}, {"bonus_days", o->bonus_days}})
            if (value) w.field(name, *value);
        if (o->days) w.field("expires_at", (now_us() + *o->days * us_per_day) / 1'000'000);
        if (!o->models.empty()) write_list(w.key("models"), o->models);
        w.end_object();
        return ask_and_print(c, *o, {"POST", "/admin/coupons", "", std::move(body)},
                             [&](JsonRef r) { say_coupon(c.out, r); });
    };
}
Action build_coupon_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_list(
            c, *o, "/admin/coupons", "coupons", "",
            {"code", "kind", "amount", "currency", "percent", "uses", "max_uses", "status", "expires_at", "note"});
    };
}
Action build_coupon_disable(Spec& spec) { return coupon_switch(spec, "disable"); }
Action build_coupon_enable(Spec& spec) { return coupon_switch(spec, "enable"); }
Action build_coupon_redeem(Spec& spec) {
    struct Options : Operator {
        std::string account, code;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "for whom");
    spec.needed("--code", "C", o->code, "the code");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"POST", account_path(o->account, "redeem"), "", body_of({{"code", o->code}})},
                             [&](JsonRef r) { say_wallet(c.out, r); });
    };
}

Action build_rate_set(Spec& spec) {
    struct Options : Operator {
        std::string currency, per_usd;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--currency", "CCC", o->currency, "which currency");
    spec.needed("--per-usd", "R", o->per_usd, "units of it for one USD, such as 3.5");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(
            c, *o, {"POST", "/admin/rates", "", body_of({{"currency", o->currency}, {"per_usd", o->per_usd}})},
            [&](JsonRef r) {
                c.out << fmt::format("1 USD = {} {} for calls that begin from now on.\n", r["per_usd"].text(),
                                     r["currency"].text());
            });
    };
}
Action build_rate_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_table_of(c, *o, "/admin/rates", "rates", {"currency", "per_usd", "rate_id"});
    };
}

Action build_budget_set(Spec& spec) {
    struct Options : Operator {
        std::string account, tag, cap, period;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose tag");
    spec.needed("--tag", "T", o->tag, "the tag");
    spec.needed("--cap", "D", o->cap, "what calls with it may spend, in USD as all caps");
    spec.text("--period", "P", o->period, "day, month or ever: how often the cap begins anew (ever)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto body = body_of({{"tag", o->tag}, {"cap", o->cap}, {"period", o->period}});
        return ask_and_print(
            c, *o, {"POST", account_path(o->account, "tag-budgets"), "", std::move(body)}, [&](JsonRef r) {
                c.out << fmt::format("Tag {}: at most {}, {}.\n", cell(r["tag"]), r["cap"].text(), r["period"].text());
            });
    };
}
Action build_budget_drop(Spec& spec) {
    struct Options : Operator {
        std::string account, tag;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose tag");
    spec.needed("--tag", "T", o->tag, "the tag");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o,
                             {"POST", account_path(o->account, "tag-budgets/drop"), "", body_of({{"tag", o->tag}})},
                             [&](JsonRef r) { c.out << fmt::format("Tag {} has no budget.\n", cell(r["tag"])); });
    };
}
Action build_budget_list(Spec& spec) {
    struct Options : Operator {
        std::string account;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose tags");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_table_of(c, *o, account_path(o->account, "tag-budgets"), "tag_budgets",
                              {"tag", "cap", "period", "spent", "held", "currency"});
    };
}

}  // namespace aig::cli
