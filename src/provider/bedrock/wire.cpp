#include <fmt/format.h>

#include "provider/aws/errors.h"
#include "provider/bedrock/bedrock.h"
#include "provider/bedrock/encode.h"
#include "provider/bedrock/path.h"
#include "provider/bedrock/reply.h"

namespace aig::provider {
namespace {

using namespace canon;

class BedrockWire final : public Wire {
  public:
    Family family() const override { return Family::other; }

    Features lacks(Operation operation) const override {
        if (operation == Operation::embedding) return ~Features{0};
        return feature_audio_in | feature_audio_out | feature_image_out | feature_json_object | feature_many_choices |
               feature_custom_tools | feature_dimensions | feature_token_arrays | feature_logprobs | feature_seed |
               feature_user | feature_penalties | feature_logit_bias | feature_fill_in;
    }
    Encoded head(Operation, const WireTarget& target, bool stream) const override {
        return bedrock::head(target.model, stream ? "/converse-stream" : "/converse", stream);
    }
    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        const Chat* chat = std::get_if<Chat>(&request);
        if (!chat) return Error(ErrorCode::unsupported_feature, "this model does not make embeddings").param("model");
        Encoded out = head(Operation::chat, target, chat->stream);
        TRY(out.body, bedrock::encode_chat({*chat, target, losses}));
        return out;
    }
    std::unique_ptr<Decoder> decoder(Operation, bool stream) const override {
        return stream ? bedrock::stream_decoder() : bedrock::whole_decoder();
    }
    Error error(int status, std::string_view body) const override { return aws::error_of(status, body); }
};

}  // namespace

namespace bedrock {

/// A model's id may hold colons, and an ARN slashes: one segment of the path.
Encoded head(std::string_view model, std::string_view operation, bool stream) {
    Encoded out;
    out.path = "/model/";
    for (const char c : model) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        if (plain)
            out.path += c;
        else
            out.path += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    out.path += operation;
    out.headers = {{"content-type", "application/json"},
                   {"accept", stream ? "application/vnd.amazon.eventstream" : "application/json"}};
    return out;
}

}  // namespace bedrock

const Wire& bedrock_wire() {
    static const BedrockWire wire;
    return wire;
}

}  // namespace aig::provider
