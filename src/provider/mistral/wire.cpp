#include "base/json.h"
#include "provider/mistral/mistral.h"
#include "provider/mistral/request.h"
#include "provider/openai_chat/openai_chat.h"

namespace aig::provider {
namespace {

using namespace canon;

class MistralWire final : public openai::OpenAiChatWire {
  public:
    /// Not OpenAI's family: a member it does not know is refused, so a request is always written anew.
    Family family() const override { return Family::other; }
    Features lacks(Operation operation) const override {
        if (operation == Operation::embedding) return feature_token_arrays | feature_user;
        return feature_audio_out | feature_image_out | feature_custom_tools | feature_logprobs | feature_user |
               feature_logit_bias | feature_fill_in;
    }

    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        WireTarget its = target;
        its.quirks.no_developer_role = true;
        its.quirks.no_stream_options = true;  // usage comes in the last chunk by itself
        if (const auto* m = std::get_if<Embedding>(&request)) return embedding(*m, its, losses);
        TRY(Chat chat, mistral::in_its_words(std::get<Chat>(request), losses));
        return openai::OpenAiChatWire::encode(Request(std::move(chat)), its, losses);
    }

  private:
    Result<Encoded> embedding(Embedding m, const WireTarget& target, Losses& losses) const {
        if (!m.user.empty()) losses.push_back("user");
        m.user.clear();
        if (m.dimensions) m.extras.emplace_back("output_dimension", std::to_string(*m.dimensions));
        if (m.dimensions) m.origin = "openai-chat";
        m.dimensions.reset();
        return openai::OpenAiChatWire::encode(Request(std::move(m)), target, losses);
    }
};

}  // namespace

const Wire& mistral_wire() {
    static const MistralWire wire;
    return wire;
}

}  // namespace aig::provider
