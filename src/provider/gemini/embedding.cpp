// Embeddings: batchEmbedContents (AI Studio) and predict (Vertex AI), both with the texts in order.
#include "provider/gemini/encode.h"

namespace aig::provider::gemini {
namespace {

Status only_texts(const canon::Embedding& e) {
    if (!e.token_arrays_json.empty()) return refuse("token arrays as input", "input");
    return {};
}

void lose(const canon::Embedding& e, canon::Losses& losses) {
    if (!e.user.empty()) losses.push_back("user");
    for (const auto& [name, json] : e.extras)
        if (!(e.origin == origin_name && name == "title") && !says_nothing(json)) losses.push_back(name);
}

std::string_view title(const canon::Embedding& e) {
    return e.origin == origin_name ? find_extra(e.extras, "title") : std::string_view{};
}

}  // namespace

Result<std::string> batch_embed_body(const canon::Embedding& e, const canon::WireTarget& target,
                                     canon::Losses& losses) {
    TRYV(only_texts(e));
    lose(e, losses);
    const std::string model = target.model.starts_with("models/") ? target.model : "models/" + target.model;
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("requests").begin_array();
    for (const auto& text : e.texts) {
        w.begin_object().field("model", model).key("content").begin_object().key("parts").begin_array();
        w.begin_object().field("text", text).end_object().end_array().end_object();
        if (!e.task_type.empty()) w.field("taskType", e.task_type);
        if (const auto t = title(e); !t.empty()) w.field_raw("title", t);
        if (e.dimensions) w.field("outputDimensionality", *e.dimensions);
        w.end_object();
    }
    w.end_array().end_object();
    return out;
}

Result<std::string> predict_body(const canon::Embedding& e, canon::Losses& losses) {
    TRYV(only_texts(e));
    lose(e, losses);
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("instances").begin_array();
    for (const auto& text : e.texts) {
        w.begin_object().field("content", text);
        if (!e.task_type.empty()) w.field("task_type", e.task_type);
        if (const auto t = title(e); !t.empty()) w.field_raw("title", t);
        w.end_object();
    }
    w.end_array();
    if (e.dimensions) w.key("parameters").begin_object().field("outputDimensionality", *e.dimensions).end_object();
    w.end_object();
    return out;
}

}  // namespace aig::provider::gemini
