// The body of POST /v1/responses as far as the gateway itself is asked: what to keep, what came before, whether to run
// in the background. Pure text in, text out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "records/responses.h"
#include "store/seal.h"

namespace aig::api {

class ResponseBody {
  public:
    /// bad_json for what is no JSON object; whether its members make sense is the dialect's to say.
    static Result<ResponseBody> read(std::string_view body);

    bool stream() const { return root()["stream"].boolean(); }
    bool background() const { return root()["background"].boolean(); }
    bool store() const { return !root()["store"].is_bool() || root()["store"].boolean(); }
    std::string previous_id() const { return std::string(root()["previous_response_id"].text()); }
    bool has_model() const { return root()["model"].is_string(); }

    /// Ids of items of ours that stand in the input as references.
    std::vector<std::string> references() const;
    /// A reference's item, raw.
    void resolve(std::string_view id, std::string item) { resolved_.emplace_back(id, std::move(item)); }

    bool has_compactions() const;
    /// Each becomes the message it stands for (compaction.h).
    Status open_compactions(AccountId account, const store::Sealer& sealer);
    JsonRef json() const { return root(); }

    /// The request's own items as a JSON array: a text is a message, references and compactions are what they stand
    /// for.
    std::string own_input() const;
    /// The body as it goes to the gateway: `before` (the inside of an array) in front of its own items.
    std::string expanded(std::string_view before) const;
    /// The inside of that input.
    std::string items(std::string_view before) const;
    /// The body without what was said: enough to repeat in a response object.
    std::string without_input() const;
    /// The body as a stream, whatever it said.
    static std::string streamed(std::string_view body);

  private:
    explicit ResponseBody(JsonDoc doc) : doc_(std::move(doc)) {}
    JsonRef root() const { return doc_.root(); }
    std::string own_items() const;
    JsonDoc doc_;
    std::vector<std::pair<std::string, std::string>> resolved_;
    std::map<std::string_view, std::string> opened_;  ///< by the raw item
};

/// The inside of the array of everything that was said up to and with the last of these.
std::string conversation(const std::vector<records::StoredResponse>& chain);
/// The inside of a stored response's output.
std::string output_items(const records::StoredResponse& response);
/// One of its output items, raw; "" when there is none.
std::string output_item(const records::StoredResponse& response, std::string_view item_id);

}  // namespace aig::api
