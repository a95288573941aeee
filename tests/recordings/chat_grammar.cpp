// The automaton of chat streams accepts every complete recorded stream of that family, whoever the provider was.
#include <map>

#include "dialect/testing/chat_grammar.h"
#include "openai_chats.h"

using namespace aig;
using namespace aig::dialect::testing;

TEST(ChatGrammar, accepts_every_complete_recorded_stream) {
    AIG_NEED_RECORDINGS("openai_chat");
    int complete = 0, failed = 0, broken = 0;
    for (const auto& r : recordings::openai_chats()) {
        if (!r.stream || r.base64 || r.status != 200) continue;
        const auto v = judge_chat_stream(r.response, false);
        complete += v.fault.empty() && v.complete;
        failed += v.failed;
        if (v.fault == "it ends without [DONE]") {
            ++broken;  // cut by the recorder, or by its client
            continue;
        }
        EXPECT_EQ(v.fault, "") << r.id << ' ' << r.provider;
    }
    EXPECT_GT(complete, 400);
    EXPECT_LT(broken * 20, complete) << "hardly any recorded stream is cut";
    RecordProperty("complete", complete);
    printf("[          ] %d complete, %d failed in-band, %d without an end\n", complete, failed, broken);
}

TEST(ChatGrammar, accepts_every_recorded_body) {
    AIG_NEED_RECORDINGS("openai_chat");
    int complete = 0;
    for (const auto& r : recordings::openai_chats()) {
        if (r.stream || r.base64 || r.status != 200) continue;
        const auto v = judge_chat_body(r.response, false);
        complete += v.complete;
        EXPECT_TRUE(v.fault.empty() || v.fault == "no choice") << r.id << ' ' << r.provider << ' ' << v.fault;
    }
    EXPECT_GT(complete, 1000);
}
