#include "store/rows.h"

#include <algorithm>
#include <utility>

namespace aig::store {
namespace {
constexpr char layout = 1;
constexpr size_t head = 4;
}  // namespace

RowsWriter::RowsWriter(size_t columns) : columns_(static_cast<uint8_t>(std::min(columns, max_page_columns))) {
    clear();
}

void RowsWriter::clear() {
    used_ = head;
    rows_ = column_ = 0;
}

void RowsWriter::grow(size_t most) { buffer_.resize((used_ + most) * 2); }

RowsWriter& RowsWriter::null() {
    *room(1) = static_cast<char>(kind_null);
    ++used_;
    above_[column_++].kind = kind_null;
    return *this;
}

std::string_view RowsWriter::body() {
    (void)room(0);
    buffer_[0] = layout;
    buffer_[1] = static_cast<char>(columns_);
    buffer_[2] = static_cast<char>(rows_);
    buffer_[3] = static_cast<char>(rows_ >> 8);
    return std::string_view(buffer_).substr(0, used_);
}

RowsReader::RowsReader(std::string_view body) : in_(body) {
    if (body.size() < head || body[0] != layout) {
        damaged();
        return;
    }
    columns_ = static_cast<uint8_t>(body[1]);
    rows_ = static_cast<uint8_t>(body[2]) | static_cast<size_t>(static_cast<uint8_t>(body[3])) << 8;
    in_.remove_prefix(head);
    if (columns_ == 0 || columns_ > max_page_columns || rows_ > in_.size()) damaged();
}

bool RowsReader::damaged() {
    good_ = false;
    in_ = {};
    values_.fill({});
    return false;
}

bool RowsReader::next() {
    if (!good_) return false;
    if (row_ >= rows_) {
        row_ = rows_ + 1;
        return in_.empty() ? false : damaged();
    }
    ++row_;
    for (size_t i = 0; i < columns_; ++i)
        if (!read(values_[i])) return damaged();
    return true;
}

bool RowsReader::read_varint(uint64_t& u) {
    u = 0;
    for (unsigned shift = 0; !in_.empty() && shift < 64; shift += 7) {
        const auto byte = static_cast<uint8_t>(in_.front());
        in_.remove_prefix(1);
        if (shift == 63 && byte > 1) return false;
        u |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return byte || !shift;  // not a longer form of a shorter number
    }
    return false;
}

/// `v` has the value of the row above, if there is one.
bool RowsReader::read(Value& v) {
    if (in_.empty()) return false;
    const auto kind = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    const bool first = row_ == 1;
    if (kind == RowsWriter::kind_same) return !first && v.kind != RowsWriter::kind_null;
    const Value above = std::exchange(v, {kind, 0, {}});
    if (kind == RowsWriter::kind_null) return true;
    uint64_t u = 0;
    if (kind > RowsWriter::kind_blob || !read_varint(u)) return false;
    if (kind == RowsWriter::kind_number) {
        v.number = static_cast<int64_t>(u >> 1) ^ -static_cast<int64_t>(u & 1);
    } else {
        if (u > in_.size()) return false;
        v.bytes = in_.substr(0, static_cast<size_t>(u));
        in_.remove_prefix(v.bytes.size());
    }
    // What stands above too has its own spelling.
    return first || v.kind != above.kind || v.number != above.number || v.bytes != above.bytes;
}

int64_t RowsReader::number(size_t column) {
    if (values_[column].kind != RowsWriter::kind_number) return damaged(), 0;
    return values_[column].number;
}
std::string_view RowsReader::bytes(size_t column, uint8_t kind) {
    if (values_[column].kind != kind) return damaged(), std::string_view{};
    return values_[column].bytes;
}

}  // namespace aig::store
