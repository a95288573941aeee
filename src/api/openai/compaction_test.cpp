#include "api/openai/compaction.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "api/openai/response_body.h"

namespace aig::api {
namespace {

class Compaction : public ::testing::Test {
  protected:
    Compaction() {
        EXPECT_NE(mkdtemp(folder_.data()), nullptr);
        store::Options o;
        o.path = folder_ + "/aig.db";
        db_ = *store::Store::open(o);
        sealer_ = *store::Sealer::open(*db_, {folder_, {}, {}});
    }
    ~Compaction() override {
        sealer_.reset();
        db_.reset();
        std::filesystem::remove_all(folder_);
    }
    /// The last item of the compacted conversation, raw.
    std::string item(std::string_view items) {
        const auto made = compacted(response, items, AccountId{1}, *sealer_);
        EXPECT_TRUE(made);
        const auto doc = JsonDoc::parse(*made);
        std::string last;
        for (const JsonRef i : doc->root()["output"]) last = i.raw();
        return last;
    }
    static constexpr std::string_view response =
        R"({"id":"resp_9","object":"response","created_at":7,"model":"m","output":[{"type":"reasoning","summary":[]},)"
        R"({"type":"message","content":[{"type":"output_text","text":"Ship on \"Tuesday\"."}]}],"usage":{"input_tokens":1}})";

    std::string folder_ = "/tmp/aig-compaction-XXXXXX";
    std::unique_ptr<store::Store> db_;
    std::unique_ptr<store::Sealer> sealer_;
};

TEST_F(Compaction, TheCallHasWhatMattersAndTheTask) {
    const auto body = JsonDoc::parse(
        R"({"model":"m","stream":true,"tools":[{"type":"function","name":"f"},{"type":"web_search"}],"metadata":{},"input":"x"})");
    const auto call = JsonDoc::parse(*compaction_call(body->root(), R"({"a":1})"));
    ASSERT_TRUE(call);
    const JsonRef c = call->root();
    EXPECT_EQ(c["model"].text(), "m");
    EXPECT_FALSE(c["stream"]);
    EXPECT_FALSE(c["metadata"]);
    EXPECT_EQ(c["tools"].raw(), R"([{"type":"function","name":"f"}])");
    EXPECT_EQ(c["tool_choice"].text(), "none");
    EXPECT_FALSE(c["store"].boolean());
    EXPECT_EQ(c["input"].size(), 2u);
    const auto none = compaction_call(body->root(), " ");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().param(), "input");
}

TEST_F(Compaction, KeepsTheCallersMessagesAndSealsTheRest) {
    const auto made = compacted(
        response,
        R"({"type":"message","role":"user","content":"a"},{"type":"message","role":"assistant","content":"b"},)"
        R"({"role":"user","id":"msg_1","content":[{"type":"input_image","image_url":"u"}]},{"type":"function_call","name":"f"})",
        AccountId{1}, *sealer_);
    ASSERT_TRUE(made);
    const auto doc = JsonDoc::parse(*made);
    ASSERT_TRUE(doc) << *made;
    EXPECT_EQ(doc->root()["object"].text(), "response.compaction");
    EXPECT_EQ(doc->root()["usage"].raw(), R"({"input_tokens":1})");
    std::vector<std::string> output;
    for (const JsonRef i : doc->root()["output"]) output.emplace_back(i.raw());
    ASSERT_EQ(output.size(), 3u);
    EXPECT_EQ(
        output[0],
        R"({"type":"message","id":"msg_9_c0","status":"completed","role":"user","content":[{"type":"input_text","text":"a"}]})");
    EXPECT_EQ(
        output[1],
        R"({"type":"message","id":"msg_1","status":"completed","role":"user","content":[{"type":"input_image","image_url":"u"}]})");
    EXPECT_TRUE(output[2].starts_with(R"({"type":"compaction","id":"cmp_9","encrypted_content":"aigc1.)")) << output[2];
    EXPECT_EQ(output[2].find("Tuesday"), std::string::npos) << "sealed";
}

TEST_F(Compaction, ComesBackAsWhatWasWritten) {
    const std::string text = R"({"model":"m","input":[)" + item("") + R"(,{"role":"user","content":"go on"}]})";
    auto body = *ResponseBody::read(text);
    ASSERT_TRUE(body.has_compactions());
    ASSERT_TRUE(body.open_compactions(AccountId{1}, *sealer_));
    EXPECT_EQ(
        body.expanded(""),
        R"({"model":"m","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Summary of the conversation so far:\n\nShip on \"Tuesday\"."}]},{"role":"user","content":"go on"}]})");
}

TEST_F(Compaction, AnothersAndAlteredOnesAreRefusedAndAProvidersLeftAlone) {
    const std::string ours = item("");
    std::string altered = ours;
    altered[altered.size() - 10] = altered[altered.size() - 10] == 'A' ? 'B' : 'A';
    for (const auto& [raw, account] :
         {std::pair{ours, 2}, {altered, 1}, {R"({"type":"compaction","encrypted_content":"aigc1.!"})", 1}}) {
        const std::string text = R"({"input":[)" + std::string(raw) + "]}";
        auto body = *ResponseBody::read(text);
        const auto opened = body.open_compactions(AccountId{account}, *sealer_);
        ASSERT_FALSE(opened) << raw;
        EXPECT_EQ(opened.error().code(), ErrorCode::bad_param);
    }
    const std::string foreign = R"({"input":[{"type":"compaction","encrypted_content":"gAAAA"}]})";
    EXPECT_FALSE(ResponseBody::read(foreign)->has_compactions());
}

TEST_F(Compaction, NothingWrittenIsNoCompaction) {
    const auto made = compacted(R"({"id":"resp_9","output":[],"usage":{}})", "", AccountId{1}, *sealer_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), ErrorCode::upstream_empty);
}

}  // namespace
}  // namespace aig::api
