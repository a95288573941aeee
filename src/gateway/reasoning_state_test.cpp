// Reasoning state through the gateway: sealed on its way out, restored byte for byte on the way back to the route that
// made it, left out and named everywhere else.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "gateway/detail/restoring.h"

using namespace aig;
using namespace aig::canon;
using namespace aig::gateway;
using Kind = Event::Kind;

namespace {
constexpr AccountId alice{7}, bob{8};
constexpr uint64_t here = 111, elsewhere = 222;
constexpr int64_t now_ms = 5'000'000, now_s = 1'800'000'000;

class StateTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        char name[] = "/tmp/aig-state-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder = name;
        store::Options o;
        o.path = folder + "/aig.db";
        auto opened = store::Store::open(o);
        ASSERT_TRUE(opened) << opened.error().message();
        db = *std::move(opened);
        auto made = store::Sealer::open(*db, {folder, {}, {}});
        ASSERT_TRUE(made) << made.error().message();
        sealer = *std::move(made);
    }
    static void TearDownTestSuite() {
        sealer.reset();
        db.reset();
        std::filesystem::remove_all(folder);
    }

    Sealing sealing(bool native = false, uint64_t origin = here) {
        return Sealing({&vault, alice, [origin] { return origin; }, native, "R", now_ms, now_s});
    }
    /// The events as the renderer gets them, with texts that stay.
    std::vector<std::pair<Event, std::string>> through(Sealing& s, std::vector<Event> events) {
        std::vector<std::pair<Event, std::string>> out;
        for (Event& e : events)
            if (s.take(e)) out.emplace_back(e, std::string(e.text));
        return out;
    }
    RestoringTerms terms(uint64_t origin = here, AccountId account = alice, int64_t at_s = now_s) {
        return {&vault, account, origin, now_ms, at_s};
    }
    static Chat turn(std::vector<Part> parts) {
        Chat c;
        c.messages.push_back({Role::user, {}, {Text{"go", {}}}, {}});
        c.messages.push_back({Role::assistant, {}, std::move(parts), {}});
        return c;
    }
    static Reasoning thought(std::string text, std::string_view kind, std::string data) {
        Reasoning r;
        r.text = std::move(text);
        if (!kind.empty()) r.state = {std::string(kind), std::move(data)};
        return r;
    }
    static ToolCall call(std::string id) {
        ToolCall c;
        c.id = std::move(id);
        c.name = "f";
        return c;
    }
    std::string capsule_of(std::string_view text, std::string_view signature, AccountId account = alice) {
        SealedState s;
        s.origin = here;
        s.expires_s = now_s + 60;
        s.state = {std::string(state_kind::signature), std::string(signature)};
        s.text = text;
        return *vault.capsules.seal(s, account);
    }

    static std::string folder;
    static std::unique_ptr<store::Store> db;
    static std::unique_ptr<store::Sealer> sealer;
    Vault vault{Capsules(sealer.get()), {}};
};
std::string StateTest::folder;
std::unique_ptr<store::Store> StateTest::db;
std::unique_ptr<store::Sealer> StateTest::sealer;

Event event(Kind kind, std::string_view text = {}, int index = 0) {
    Event e{.kind = kind, .index = index};
    e.text = text;
    return e;
}
Event state(std::string_view kind, std::string_view data, std::string_view call = {}) {
    Event e = event(Kind::state, data);
    e.name = kind;
    e.id = call;
    return e;
}
Event begin(std::string_view id) {
    Event e = event(Kind::tool_begin);
    e.id = id;
    e.name = "f";
    return e;
}
}  // namespace

TEST_F(StateTest, a_capsule_opens_for_its_account_whole_and_in_time) {
    SealedState s;
    s.origin = here;
    s.expires_s = now_s + 60;
    s.state = {std::string(state_kind::encrypted), std::string("\0\xffraw", 5)};
    s.place = StatePlace::tool_call;
    s.summary = true;
    s.text = "why";
    s.call_id = "call_1";
    s.item_id = "rs_1";
    const auto text = *vault.capsules.seal(s, alice);
    EXPECT_TRUE(text.starts_with("aigs1."));
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", 0),
              std::string::npos);
    const auto back = vault.capsules.open(text, alice, now_s);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->state, s.state);
    EXPECT_EQ(back->text + back->call_id + back->item_id, "whycall_1rs_1");
    EXPECT_TRUE(back->summary && back->place == StatePlace::tool_call && back->origin == here);

    EXPECT_FALSE(vault.capsules.open(text, bob, now_s));
    EXPECT_FALSE(vault.capsules.open(text, alice, now_s + 60));
    for (size_t i = 0; i < text.size(); ++i) {
        for (const char flip : {1, 2, 32}) {
            auto bent = text;
            bent[i] = static_cast<char>(bent[i] ^ flip);
            EXPECT_FALSE(vault.capsules.open(bent, alice, now_s)) << i;
        }
        EXPECT_FALSE(vault.capsules.open(text.substr(0, i), alice, now_s)) << i;
    }
    EXPECT_FALSE(vault.capsules.open(text + "A", alice, now_s));
    EXPECT_FALSE(vault.capsules.open(text + "=", alice, now_s));
}

TEST_F(StateTest, a_capsule_has_a_bound_and_needs_a_key) {
    SealedState s;
    s.expires_s = now_s + 60;
    s.state = {"k", std::string(Capsules::most_plain - 100, 'x')};
    const auto large = vault.capsules.seal(s, alice);
    ASSERT_TRUE(large);
    EXPECT_TRUE(vault.capsules.open(*large, alice, now_s)) << "what is sealed opens";
    s.state.data.append(200, 'x');
    EXPECT_FALSE(vault.capsules.seal(s, alice));
    EXPECT_FALSE(vault.capsules.open("aigs1." + std::string(Capsules::most_text, 'A'), alice, now_s));
    const Capsules keyless(nullptr);
    EXPECT_FALSE(keyless.seal({}, alice));
    EXPECT_FALSE(keyless.open(*large, alice, now_s));
}

TEST_F(StateTest, thinking_comes_back_as_it_was_whatever_the_client_made_of_it) {
    auto s = sealing();
    const auto out = through(s, {event(Kind::reasoning, "Let me ", 0), event(Kind::reasoning, "see.", 0),
                                 state(state_kind::signature, "SIG1"), event(Kind::reasoning, "And?", 1),
                                 state(state_kind::signature, "SIG2"), state(state_kind::redacted, "RED"),
                                 event(Kind::text, "Well"), begin("call_1")});
    ASSERT_EQ(out.size(), 8u);
    for (const size_t i : {2, 4, 5}) {
        EXPECT_EQ(out[i].first.name, state_kind::capsule);
        EXPECT_TRUE(is_capsule(out[i].second));
    }
    // A client that joins the texts, as chat clients do.
    Chat chat = turn({thought("Let me see.And?", state_kind::capsule, out[2].second),
                      thought("", state_kind::capsule, out[4].second), thought("", state_kind::capsule, out[5].second),
                      Text{"Well", {}}, call("call_1")});
    Losses losses;
    EXPECT_EQ(restore_state(chat, terms(), losses), 3u);
    EXPECT_TRUE(losses.empty());
    const auto& parts = chat.messages[1].parts;
    ASSERT_EQ(parts.size(), 5u);
    EXPECT_EQ(std::get<Reasoning>(parts[0]).text, "Let me see.");
    EXPECT_EQ(std::get<Reasoning>(parts[0]).state, (State{"anthropic.signature", "SIG1"}));
    EXPECT_EQ(std::get<Reasoning>(parts[1]).text, "And?");
    EXPECT_EQ(std::get<Reasoning>(parts[1]).state, (State{"anthropic.signature", "SIG2"}));
    EXPECT_EQ(std::get<Reasoning>(parts[2]).state, (State{"anthropic.redacted_thinking", "RED"}));
    EXPECT_EQ(std::get<Reasoning>(parts[2]).text, "");
}

TEST_F(StateTest, another_route_account_or_time_leaves_it_out_and_says_so) {
    const auto text = capsule_of("why", "SIG");
    const std::vector<std::pair<const char*, RestoringTerms>> strangers = {
        {"another route", terms(elsewhere)},
        {"another account", terms(here, bob)},
        {"too late", terms(here, alice, now_s + 3600)}};
    for (const auto& [why, at] : strangers) {
        Chat chat =
            turn({thought("why", state_kind::capsule, text), thought("", state_kind::capsule, text), Text{"Well", {}}});
        Losses losses;
        EXPECT_EQ(restore_state(chat, at, losses), 2u) << why;
        EXPECT_EQ(losses, Losses{"messages[1].reasoning_state"}) << why;
        const auto& parts = chat.messages[1].parts;
        ASSERT_EQ(parts.size(), 2u) << why;
        EXPECT_EQ(std::get<Reasoning>(parts[0]).text, "why") << "what it says stays";
        EXPECT_FALSE(std::get<Reasoning>(parts[0]).state) << why;
    }
    Chat broken = turn({thought("", state_kind::capsule, "aigs1.nonsense"), Text{"Well", {}}});
    Losses losses;
    restore_state(broken, terms(), losses);
    EXPECT_EQ(losses.size(), 1u);
    EXPECT_EQ(broken.messages[1].parts.size(), 1u);
}

TEST_F(StateTest, a_tools_signature_finds_its_call_again) {
    auto s = sealing();
    const auto out = through(s, {begin("call_a"), begin("call_b"), state(state_kind::thought, "T", "call_b")});
    const std::string capsule = out[2].second;
    // In the place it came from, and in the only slot that another dialect has.
    for (const bool carried : {false, true}) {
        ToolCall a = call("call_a"), b = call("call_b");
        if (!carried) b.state = {std::string(state_kind::capsule), capsule};
        Chat chat = carried ? turn({thought("", state_kind::capsule, capsule), a, b}) : turn({a, b});
        Losses losses;
        restore_state(chat, terms(), losses);
        EXPECT_TRUE(losses.empty());
        ASSERT_EQ(chat.messages[1].parts.size(), 2u);
        EXPECT_FALSE(std::get<ToolCall>(chat.messages[1].parts[0]).state);
        EXPECT_EQ(std::get<ToolCall>(chat.messages[1].parts[1]).state, (State{"google.thought_signature", "T"}));
    }
    Chat without = turn({thought("", state_kind::capsule, capsule), call("call_a")});
    Losses losses;
    restore_state(without, terms(), losses);
    EXPECT_EQ(losses.size(), 1u) << "its call is gone";
    EXPECT_FALSE(std::get<ToolCall>(without.messages[1].parts[0]).state);
}

TEST_F(StateTest, a_texts_signature_finds_its_text_again) {
    auto s = sealing();
    const auto out =
        through(s, {event(Kind::reasoning, "hm"), event(Kind::text, "42"), state(state_kind::thought, "T")});
    Chat chat = turn({thought("hm", state_kind::capsule, out[2].second), Text{"42", {}}});
    Losses losses;
    restore_state(chat, terms(), losses);
    EXPECT_TRUE(losses.empty());
    ASSERT_EQ(chat.messages[1].parts.size(), 1u) << "a summary of the thought is for people";
    EXPECT_EQ(std::get<Text>(chat.messages[1].parts[0]).state, (State{"google.thought_signature", "T"}));
}

TEST_F(StateTest, native_state_passes_and_is_remembered) {
    auto s = sealing(true);
    const auto out = through(s, {event(Kind::reasoning, "hm"), state(state_kind::signature, "SIG")});
    EXPECT_EQ(out[1].first.name, state_kind::signature);
    EXPECT_EQ(out[1].second, "SIG");
    for (const uint64_t origin : {here, elsewhere}) {
        Chat chat = turn({thought("hm", state_kind::signature, "SIG"), thought("?", state_kind::signature, "UNKNOWN")});
        Losses losses;
        EXPECT_EQ(restore_state(chat, terms(origin), losses), origin == here ? 0u : 1u);
        EXPECT_EQ(losses.size(), origin == here ? 0u : 1u);
        const auto& parts = chat.messages[1].parts;
        EXPECT_EQ(static_cast<bool>(std::get<Reasoning>(parts[0]).state), origin == here);
        EXPECT_TRUE(std::get<Reasoning>(parts[1]).state) << "of what nobody remembers the provider is the judge";
    }
}

TEST_F(StateTest, openrouters_object_is_known_by_its_strings) {
    auto s = sealing(true);
    through(s, {state(state_kind::details, R"({"type":"reasoning.encrypted","data":"OPAQUE","index":0})")});
    Chat chat = turn({thought("", state_kind::details, R"({"data":"OPAQUE", "type":"reasoning.encrypted"})")});
    Losses losses;
    restore_state(chat, terms(elsewhere), losses);
    EXPECT_EQ(losses.size(), 1u);
    EXPECT_TRUE(chat.messages[1].parts.empty());
}

TEST_F(StateTest, a_client_that_drops_everything_gets_it_back_by_its_tool_call) {
    auto s = sealing();
    const auto out = through(s, {event(Kind::reasoning, "hm"), state(state_kind::signature, "SIG"), begin("call_1"),
                                 begin(""), state(state_kind::thought, "T", "call_1")});
    const std::string made(out[3].first.id);
    EXPECT_EQ(made, "call_R_0") << "a call without an id gets one";
    for (const std::string& id : {std::string("call_1"), made}) {
        Chat chat = turn({thought("hm, a client's own words", {}, {}), call("call_1"), call(made)});
        if (id == made) std::swap(chat.messages[1].parts[1], chat.messages[1].parts[2]);
        Losses losses;
        EXPECT_EQ(restore_state(chat, terms(), losses), 0u) << "nothing of the caller's changed";
        EXPECT_TRUE(losses.empty());
        const auto& parts = chat.messages[1].parts;
        ASSERT_EQ(parts.size(), 3u);
        EXPECT_EQ(std::get<Reasoning>(parts[0]).text, "hm");
        EXPECT_EQ(std::get<Reasoning>(parts[0]).state.data, "SIG");
        EXPECT_EQ(std::get<ToolCall>(parts[id == made ? 2 : 1]).state.data, "T");
    }
    Chat strange = turn({call("call_1")});
    Losses losses;
    restore_state(strange, terms(elsewhere), losses);
    EXPECT_EQ(losses, Losses{"messages[1].reasoning_state"});
    EXPECT_EQ(strange.messages[1].parts.size(), 1u);
    Chat other = turn({call("call_1")});
    losses.clear();
    restore_state(other, terms(here, bob), losses);
    EXPECT_TRUE(losses.empty()) << "another account's calls are not ours to know";
    EXPECT_EQ(other.messages[1].parts.size(), 1u);
}

TEST_F(StateTest, the_latest_known_state_says_where_to_go) {
    const auto capsule = capsule_of("why", "SIG");
    vault.memory.remember(alice, state_print("OLD"), elsewhere, now_ms);
    vault.memory.remember(alice, state_print("a\"b"), elsewhere, now_ms);
    const auto find = [&](std::vector<std::string> strings, AccountId account = alice) {
        std::string body;
        Envelope e;
        for (const auto& s : strings) {
            e.state.push_back({body.size(), body.size() + s.size()});
            body += s + " ";
        }
        return find_state(e, body, vault, account, now_ms, now_s);
    };
    const auto both = find({"\"OLD\"", "\"" + capsule + "\""});
    EXPECT_TRUE(both.capsules);
    EXPECT_EQ(both.origins, (std::vector<uint64_t>{here, elsewhere}));
    EXPECT_EQ(find({R"("a\"b")"}).origins, std::vector<uint64_t>{elsewhere});
    EXPECT_FALSE(find({R"("a\"b")"}).capsules);
    EXPECT_TRUE(find({"\"?\""}).origins.empty());
    EXPECT_TRUE(find({"\"OLD\""}, bob).origins.empty());
    EXPECT_TRUE(find({"\"" + capsule + "\""}, bob).origins.empty());
    EXPECT_TRUE(find({"\"" + capsule + "\""}, bob).capsules) << "still not for a provider";
}

TEST(StateMemory, is_bounded_in_bytes_and_lets_the_oldest_go) {
    constexpr size_t most = 64 << 10;
    StateMemory m(most, most, 3'600'000);
    for (uint64_t i = 0; i < 20'000; ++i) m.remember(alice, i, i, now_ms);
    EXPECT_LE(m.bytes(), most);
    EXPECT_FALSE(m.origin_of(alice, 0, now_ms));
    EXPECT_EQ(m.origin_of(alice, 19'999, now_ms), 19'999u);
    const auto turn = std::make_shared<const std::vector<std::string>>(1, std::string(10'000, 'c'));
    for (int i = 0; i < 100; ++i) m.keep_turn(alice, fmt::format("call_{}", i), turn, now_ms);
    EXPECT_LE(m.bytes(), 2 * most);
    EXPECT_FALSE(m.turn_of(alice, "call_0", now_ms));
    EXPECT_TRUE(m.turn_of(alice, "call_99", now_ms));
    const auto huge = std::make_shared<const std::vector<std::string>>(1, std::string(StateMemory::most_one_turn, 'c'));
    StateMemory roomy;
    roomy.keep_turn(alice, "call", huge, now_ms);
    EXPECT_FALSE(roomy.turn_of(alice, "call", now_ms));
}

TEST(StateMemory, one_that_is_put_again_and_again_takes_no_more_room) {
    StateMemory m(64 << 10, 64 << 10, 3'600'000);
    for (int i = 0; i < 100'000; ++i) m.remember(alice, 1, here, now_ms);
    EXPECT_LE(m.bytes(), size_t{64} << 10);
    EXPECT_EQ(m.origin_of(alice, 1, now_ms), here);
}

TEST(StateMemory, forgets_in_time_and_keeps_accounts_apart) {
    StateMemory m;
    m.remember(alice, 1, here, now_ms);
    EXPECT_GE(StateMemory::lifetime_ms, 3'600'000);
    EXPECT_EQ(m.origin_of(alice, 1, now_ms + StateMemory::lifetime_ms - 1), here);
    EXPECT_FALSE(m.origin_of(alice, 1, now_ms + StateMemory::lifetime_ms));
    EXPECT_FALSE(m.origin_of(bob, 1, now_ms));
}
