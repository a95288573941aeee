// Operator commands on top-ups. The gateway must run: it knows the configuration and watches.
#include <fmt/format.h>

#include <fstream>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
constexpr size_t addresses_a_time = 10'000;

struct Target : Operator {
    std::string value;
};

/// Lines without blanks; empty ones and those that begin with # are skipped.
Result<std::vector<std::string>> lines_of(const std::string& file, std::istream& in) {
    std::ifstream opened;
    if (file != "-") opened.open(file);
    if (file != "-" && !opened) return Error(ErrorCode::bad_param, fmt::format("{}: cannot be read", file));
    std::istream& from = file == "-" ? in : opened;
    std::vector<std::string> lines;
    for (std::string line; std::getline(from, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (!line.empty() && line[0] != '#') lines.push_back(std::move(line));
    }
    if (lines.empty()) return Error(ErrorCode::bad_param, fmt::format("{}: no address in it", file));
    return lines;
}

int import_lines(const Context& c, const Operator& o, const std::vector<std::string>& lines) {
    for (size_t at = 0; at < lines.size(); at += addresses_a_time) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().key("addresses").begin_array();
        for (size_t i = at; i < std::min(lines.size(), at + addresses_a_time); ++i) w.string(lines[i]);
        w.end_array().end_object();
        const int code = ask_and_print(c, o, {"POST", "/admin/topup/addresses", "", std::move(body)}, [&](JsonRef r) {
            c.out << fmt::format("Added {}, knew {} already; handed out from {} on.\n", r["added"].raw(),
                                 r["known"].raw(), r["usable_at"].text());
        });
        if (code != exit_ok) return code;
    }
    return exit_ok;
}

void say_proof(std::ostream& out, JsonRef p) {
    out << fmt::format("{}  {}  {} transfers, on chain {}, recorded {}, credited {}\n", p["day"].text(),
                       p["ok"].boolean() ? "ok" : "DIFFERS", p["transfers"].raw(), p["on_chain"].text(),
                       p["recorded"].text(), p["credited"].text());
    for (const JsonRef fault : p["faults"]) out << "  " << fault.text() << "\n";
}

std::string one_member(std::string_view name, std::string_view value) {
    std::string body;
    JsonWriter(body).begin_object().field(name, value).end_object();
    return body;
}
}  // namespace

Action build_topup_addresses_import(Spec& spec) {
    auto o = std::make_shared<Target>();
    spec.needed("FILE", "", o->value, "one address a line, - for standard input");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto lines = lines_of(o->value, c.in);
        if (!lines) return fail(c, lines.error());
        return import_lines(c, *o, *lines);
    };
}

Action build_topup_addresses_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_list(c, *o, "/admin/topup/addresses", "addresses", "",
                          {"address_id", "address", "account_id", "sealed", "usable_at", "retired_at"});
    };
}

Action build_topup_addresses_retire(Spec& spec) {
    auto o = std::make_shared<Target>();
    spec.needed("--address", "T", o->value, "which one; what an account was given stays watched");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"POST", "/admin/topup/addresses/retire", "", one_member("address", o->value)},
                             [&](JsonRef r) {
                                 c.out << fmt::format("{} is handed out no more from {} on.\n", r["address"].text(),
                                                      r["retired_at"].text());
                             });
    };
}

Action build_topup_deposit(Spec& spec) {
    struct Options : Operator {
        std::string account, rail = "usdt-trc20", amount, currency;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "who pays in");
    spec.text("--rail", "R", o->rail, "usdt-trc20, or a processor of topups.callbacks (usdt-trc20)");
    spec.text("--amount", "D", o->amount, "of an order at a processor");
    spec.text("--currency", "CCC", o->currency, "of that amount (the wallet's)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("account_id", o->account).field("rail", o->rail);
        if (!o->amount.empty()) w.field("amount", o->amount);
        if (!o->currency.empty()) w.field("currency", o->currency);
        w.end_object();
        return ask_and_print(c, *o, {"POST", "/admin/topup/deposits", "", std::move(body)}, [&](JsonRef r) {
            if (r["address"].is_string())
                c.out << fmt::format("Send {} ({}) to {}, at least {}.\n", r["token"].text(), r["network"].text(),
                                     r["address"].text(), r["min_amount"].text());
            else
                c.out << fmt::format("Order {}: {} {} by {}.\n", r["order_id"].text(), r["amount"].text(),
                                     r["currency"].text(), r["rail"].text());
        });
    };
}

Action build_topup_deposits(Spec& spec) {
    struct Options : Operator {
        std::string account, status;
        std::optional<int64_t> limit;
    };
    auto o = std::make_shared<Options>();
    spec.text("--account", "ID", o->account, "only this account's");
    spec.text("--status", "S", o->status, "only these: pending, credited, below_minimum, wrong_token, mismatched, ...");
    spec.whole("--limit", o->limit, 1, 1'000, "how many of the newest (100)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto query = fmt::format("limit={}", o->limit.value_or(100));
        if (!o->account.empty()) query += "&account=" + percent_encode(o->account);
        if (!o->status.empty()) query += "&status=" + percent_encode(o->status);
        return ask_and_print(c, *o, {"GET", "/admin/topup/deposits", std::move(query), ""}, [&](JsonRef r) {
            const std::vector<std::string> columns{"deposit_id", "account_id", "rail",   "status",
                                                   "amount",     "currency",   "reason", "external_id"};
            std::vector<std::vector<std::string>> table{columns};
            for (const JsonRef d : r["deposits"]) {
                std::vector<std::string> row;
                for (const auto& name : columns) row.push_back(cell(d[name]));
                table.push_back(std::move(row));
            }
            print_table(c.out, table);
        });
    };
}

Action build_topup_accept(Spec& spec) {
    auto o = std::make_shared<Target>();
    spec.needed("--deposit", "ID", o->value, "a deposit that is below_minimum");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(
            c, *o, {"POST", fmt::format("/admin/topup/deposits/{}/accept", percent_encode(o->value)), "", ""},
            [&](JsonRef r) {
                c.out << fmt::format("Credited {} {}.\n", r["credited"].text(), r["credited_currency"].text());
            });
    };
}

Action build_topup_recheck(Spec& spec) {
    auto o = std::make_shared<Target>();
    spec.needed("--tx", "TXID", o->value, "the transaction's id, 64 hex digits");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"POST", "/admin/topup/recheck", "", one_member("tx", o->value)},
                             [&](JsonRef) { c.out << "It is looked at in the next round; see: aig topup deposits\n"; });
    };
}

Action build_topup_proof(Spec& spec) {
    struct Options : Operator {
        std::string day;
        std::optional<int64_t> list;
    };
    auto o = std::make_shared<Options>();
    spec.text("--day", "D", o->day, "a UTC day such as 2026-11-21 (today)");
    spec.whole("--list", o->list, 1, 1'000, "show this many kept proofs instead of making one");
    operator_options(spec, *o);
    return [o](const Context& c) {
        bool ok = true;
        if (o->list)
            return ask_and_print(c, *o, {"GET", "/admin/topup/proofs", fmt::format("limit={}", *o->list), ""},
                                 [&](JsonRef r) {
                                     for (const JsonRef p : r["proofs"]) say_proof(c.out, p);
                                 });
        auto body = o->day.empty() ? std::string() : one_member("day", o->day);
        auto reply = ask(c, *o, {"POST", "/admin/topup/proofs", "", std::move(body)});
        if (!reply) return fail(c, reply.error());
        const auto doc = JsonDoc::parse(*reply);
        ok = doc && doc->root()["ok"].boolean();
        if (o->json)
            c.out << *reply << "\n";
        else if (doc)
            say_proof(c.out, doc->root());
        return ok ? exit_ok : exit_failed;
    };
}

Action build_topup_status(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"GET", "/admin/topup/status", "", ""}, [&](JsonRef r) {
            for (const JsonRef m : r) c.out << fmt::format("{:<20} {}\n", m.key(), cell(m));
        });
    };
}

}  // namespace aig::cli
