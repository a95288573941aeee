#include "dialect/body_doc.h"

namespace aig::dialect {
namespace {

/// What the thread keeps memory for (JsonDoc does up to a megabyte), and what it keeps until it is read again.
constexpr size_t usual_body = size_t{1} << 20, largest_kept = size_t{4} << 20;

Status must_be_object(const JsonDoc& doc) {
    if (doc.root().is_object()) return {};
    return Error(ErrorCode::bad_json, "The body is JSON, but not an object.");
}

/// The last body of the thread, whose memory is used again.
struct Last {
    JsonDoc doc;
    bool whole = false;
    /// By its bytes: two bodies may follow each other at one address.
    bool is(std::string_view body) const { return whole && doc.text() == body; }
};
thread_local Last last;

}  // namespace

Result<BodyDoc> BodyDoc::read(std::string_view body) {
    BodyDoc out;
    const bool again = last.is(body);
    if (again && body.size() > usual_body) {  // nobody reads it a third time
        out.own_ = std::move(last.doc);
        last.whole = false;
    } else if (again) {
        out.kept_ = &last.doc;
    } else if (body.size() > largest_kept) {
        TRYV(out.own_.assign(body));
    } else {
        last.whole = false;
        TRYV(last.doc.assign(body));
        last.whole = true;
        out.kept_ = &last.doc;
    }
    TRYV(must_be_object(out.doc()));
    return out;
}

}  // namespace aig::dialect
