// Content parts: input_text, input_image, input_file; output_text and refusal in turns of the assistant.
#include <fmt/format.h>

#include "provider/openai_responses/encode.h"

namespace aig::provider::openai_responses {
using namespace canon;
namespace {

struct Content {
    JsonWriter& w;
    const bool assistant;
    const std::string& where;
    const Job& job;

    Status operator()(const Text& t) const {
        if (t.state) job.lose(where + ".state");
        w.begin_object().field("type", assistant ? "output_text" : "input_text").field("text", t.text);
        job.append_extras(w, t.extras, where);
        w.end_object();
        return {};
    }

    Status operator()(const Refusal& r) const {
        w.begin_object().field("type", "refusal").field("refusal", r.text).end_object();
        return {};
    }

    Status operator()(const Image& i) const {
        if (assistant) return refuse("images in turns of the assistant", where);
        if (i.state) job.lose(where + ".state");
        w.begin_object().field("type", "input_image");
        if (!i.data.empty() || !i.url.empty())
            w.field("image_url", i.data.empty() ? i.url : fmt::format("data:{};base64,{}", i.media_type, i.data));
        // Required by the schema, and servers that check it refuse an image without.
        w.field("detail", i.detail.empty() ? "auto" : std::string_view(i.detail));
        job.append_extras(w, i.extras, where);
        w.end_object();
        return {};
    }

    /// File ids belong to the provider they were uploaded to; between OpenAI's two shapes they mean the same.
    Status operator()(const File& f) const {
        if (assistant) return refuse("files in turns of the assistant", where);
        const bool only_id = f.data.empty() && f.url.empty();
        if (only_id && (f.file_id.empty() || !job.openai_origin())) return refuse("this file", where);
        w.begin_object().field("type", "input_file");
        if (only_id) w.field("file_id", f.file_id);
        if (!f.url.empty()) w.field("file_url", f.url);
        // A URL brings its own name, and the API refuses a second one.
        if (!f.data.empty()) {
            w.field("filename", f.name.empty() ? name_for(f) : f.name);
            w.field("file_data",
                    f.media_type.empty() ? f.data : fmt::format("data:{};base64,{}", f.media_type, f.data));
        }
        job.append_extras(w, f.extras, where);
        w.end_object();
        return {};
    }

    Status operator()(const Audio&) const { return refuse("input_audio", where); }

    Status operator()(const Other& o) const {
        if (!job.same_origin()) return refuse(fmt::format("content part '{}'", o.type), where);
        w.raw(o.json);
        return {};
    }

    Status operator()(const Reasoning&) const { return {}; }
    Status operator()(const ToolCall&) const { return {}; }
    Status operator()(const ToolResult&) const { return {}; }

  private:
    /// The API takes a file's kind from its name.
    static std::string name_for(const File& f) {
        if (f.media_type == "text/plain") return "file.txt";
        return f.media_type.empty() || f.media_type == "application/pdf" ? "file.pdf" : "file";
    }
};
}  // namespace

Status append_content_part(JsonWriter& w, const Part& part, bool assistant, const std::string& where, const Job& job) {
    return std::visit(Content{w, assistant, where, job}, part);
}

}  // namespace aig::provider::openai_responses
