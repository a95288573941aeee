// Every recorded reply of a Responses API through the tap: nothing but the written splices differs, the count does not
// depend on the cuts, and complete streams satisfy the grammar.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "canon/openai_responses/shape.h"
#include "cuts.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "dialect/testing/responses_grammar.h"
#include "openai_responses.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

constexpr std::string_view public_model = "public/\"model\"";

/// OpenRouter gave the items of its last event other ids than those it had told.
const std::set<std::string> renamed_at_the_end = {"d8d66c771cc41700"};

bool is_reply(const Recording& r) {
    if (r.status != 200 || r.base64) return false;
    if (r.stream) return true;
    const auto doc = JsonDoc::parse(r.response);
    return doc && doc->root()["object"].text() == "response";
}

struct Tapped {
    std::string sent, tail, object;
    std::optional<ErrorCode> failure;
    Facts facts;
};

Tapped run_tap(const Recording& r, const std::vector<size_t>& cuts) {
    Envelope envelope;
    envelope.stream = r.stream;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.body = R"({"model":"m","input":"hi"})";
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto tap = dialect::openai_responses().tap(terms);
    Tapped out;
    const auto gather = [&](const Result<std::vector<std::string_view>>& pieces) {
        if (!pieces)
            out.failure = pieces.error().code();
        else
            for (const auto p : *pieces) out.sent += p;
        return pieces.ok() && !tap->facts().error && !(r.stream && tap->facts().terminal);
    };
    size_t from = 0;
    bool going = true;
    for (size_t i = 0; going && i <= cuts.size(); ++i) {
        const size_t to = i < cuts.size() ? cuts[i] : r.response.size();
        going = gather(tap->feed(std::string(r.response.substr(from, to - from))));
        from = to;
    }
    if (going) gather(tap->end());
    out.facts = tap->facts();
    if (out.facts.error) out.failure = out.facts.error->code();
    if (out.failure) return out;
    Usage ours;
    ours.estimated = true;
    const Usage usage = out.facts.usage.value_or(ours);
    const Receipt receipt = ledger::ReceiptMint::test(123'456'789);
    out.tail = tap->finish({usage, receipt});
    out.object = tap->reply_object();
    return out;
}

// ---- what the bytes should become, derived without the tap

/// One JSON text whose response object lies at `r`: later positions first.
std::string patched(const JsonDoc& doc, std::string_view text, JsonRef r, bool with_cost, bool& believed) {
    std::map<size_t, std::pair<size_t, std::string>> cuts;
    const auto replace = [&](JsonRef v, std::string with) {
        if (v.is_string()) cuts[doc.offset(v.raw())] = {v.raw().size(), std::move(with)};
    };
    replace(r["id"], "\"resp_1\"");
    replace(r["model"], json_string(public_model));
    const JsonRef usage = r["usage"];
    believed = canon::openai_responses::usage_of(usage).has_value();
    if (with_cost && usage.is_object()) {
        if (const JsonRef c = usage["cost"])
            cuts[doc.offset(c.raw())] = {c.raw().size(), "0.123456789"};
        else
            cuts[doc.offset(usage.raw()) + 1] = {0, "\"cost\":0.123456789,"};
    }
    std::string out(text);
    for (auto it = cuts.rbegin(); it != cuts.rend(); ++it) out.replace(it->first, it->second.first, it->second.second);
    return out;
}

bool ends(std::string_view type) { return type == "response.completed" || type == "response.incomplete"; }

/// The whole stream with its splices, up to the last event.
std::string expected_stream(const Recording& r, bool& believed) {
    std::string out;
    std::string_view rest = r.response;
    while (!rest.empty()) {
        const size_t lf = rest.find("\n\n"), crlf = rest.find("\r\n\r\n");
        const size_t at = std::min(lf, crlf);
        const bool whole = at != std::string_view::npos;
        const std::string_view event = whole ? rest.substr(0, at + (at == crlf ? 4 : 2)) : rest;
        rest.remove_prefix(event.size());
        const size_t data = event.starts_with("data:") ? 5 : event.find("\ndata:") + 6;
        if (event.find("data:") == std::string_view::npos) {
            out += event;
            continue;
        }
        std::string_view json = event.substr(data, event.find_first_of("\r\n", data) - data);
        if (json.starts_with(' ')) json.remove_prefix(1);
        if (json.starts_with("[DONE]")) continue;
        const auto doc = JsonDoc::parse(json);
        if (!doc) return {};
        const bool last = ends(doc->root()["type"].text());
        const std::string now = patched(*doc, json, doc->root()["response"], last, believed);
        std::string whole_event(event);
        whole_event.replace(static_cast<size_t>(json.data() - event.data()), json.size(), now);
        out += whole_event;
        if (!whole) out += event.ends_with('\n') ? "\n" : "\n\n";
        if (last) break;
    }
    return out;
}

std::string describe(const Facts& f) {
    return fmt::format("{}{}{}{} stop {} usage {}/{} bytes {} states {} error {}", f.content, f.terminal, f.finished,
                       f.empty_output, static_cast<int>(f.stop), f.usage ? f.usage->input_total() : -1,
                       f.usage ? f.usage->output_total() : -1, f.delivered.bytes, f.states.size(),
                       f.error ? static_cast<int>(f.error->code()) : -1);
}

}  // namespace

TEST(RecordedResponses, tap_changes_nothing_but_the_written_splices) {
    AIG_NEED_RECORDINGS("openai_responses");
    int streams = 0, bodies = 0, failed = 0, broken = 0;
    for (const Recording& r : recordings::openai_responses()) {
        if (!is_reply(r)) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const Tapped t = run_tap(r, {});
        const bool tells = r.response.find("response.failed") != std::string::npos ||
                           r.response.find("\"status\":\"failed\"") != std::string::npos;
        if (t.failure) {
            // Streams that a recorder cut off, and what the provider itself failed.
            EXPECT_TRUE(tells || *t.failure == ErrorCode::upstream_truncated || *t.failure == ErrorCode::upstream_empty)
                << error_row(*t.failure).name;
            (tells ? failed : broken)++;
            if (!tells)
                std::printf("[          ] %s %s: %s\n", r.provider.c_str(), r.id.c_str(),
                            std::string(error_row(*t.failure).name).c_str());
            continue;
        }
        EXPECT_TRUE(t.facts.terminal && t.facts.content);
        bool believed = false;
        if (r.stream) {
            const std::string expected = expected_stream(r, believed);
            if (believed) {
                EXPECT_EQ(t.sent + t.tail, expected);
            }
            EXPECT_EQ(t.sent.find("event: response.completed"), std::string::npos);
        } else {
            const auto doc = JsonDoc::parse(r.response);
            const std::string expected = patched(*doc, r.response, doc->root(), true, believed);
            if (believed) {
                EXPECT_EQ(t.tail, expected);
            }
        }
        const auto object = JsonDoc::parse(t.object);
        ASSERT_TRUE(object);
        EXPECT_EQ(object->root()["id"].text(), "resp_1");
        (r.stream ? streams : bodies)++;
    }
    std::printf("[          ] %d streams and %d bodies forwarded, %d failures found, %d broken or empty\n", streams,
                bodies, failed, broken);
    EXPECT_GT(streams, 150);
    EXPECT_GT(bodies, 400);
}

TEST(RecordedResponses, cuts_change_nothing) {
    AIG_NEED_RECORDINGS("openai_responses");
    std::mt19937 random(7);
    int seen = 0;
    for (const Recording& r : recordings::openai_responses()) {
        if (!is_reply(r) || !r.stream) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const Tapped whole = run_tap(r, {});
        for (const auto& cuts : recordings::cuts_of(r.response.size(), random)) {
            const Tapped t = run_tap(r, cuts);
            ASSERT_EQ(t.sent + t.tail, whole.sent + whole.tail);
            ASSERT_EQ(t.failure, whole.failure);
            ASSERT_EQ(describe(t.facts), describe(whole.facts));
        }
        ++seen;
    }
    EXPECT_GT(seen, 150);
}

TEST(RecordedResponses, complete_streams_satisfy_the_grammar) {
    AIG_NEED_RECORDINGS("openai_responses");
    int legal = 0, odd = 0;
    for (const Recording& r : recordings::openai_responses()) {
        if (!is_reply(r) || !r.stream || run_tap(r, {}).failure) continue;
        const auto heard = dialect::testing::hear_responses(r.response, {.ours = false});
        // Recorders that rewrote or shortened streams broke their rules.
        if (heard.fault.empty()) {
            ++legal;
        } else if (r.verbatim() && !renamed_at_the_end.contains(r.id)) {
            ADD_FAILURE() << r.provider << ' ' << r.id << ": " << heard.fault;
        } else {
            ++odd;
            std::printf("[          ] %s %s (%s): %s\n", r.provider.c_str(), r.id.c_str(), r.fidelity.c_str(),
                        heard.fault.c_str());
        }
    }
    std::printf("[          ] %d streams are legal, %d rewritten ones are not\n", legal, odd);
    EXPECT_GT(legal, 120);
}
