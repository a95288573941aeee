#include "store/rows.h"

#include <algorithm>

namespace aig::store {
namespace {
constexpr char layout = 1;
constexpr size_t head = 4, longest_varint = 10;

char* put_varint(char* at, uint64_t u) {
    for (; u >= 0x80; u >>= 7) *at++ = static_cast<char>(u | 0x80);
    *at++ = static_cast<char>(u);
    return at;
}
}  // namespace

RowsWriter::RowsWriter(size_t columns) : columns_(static_cast<uint8_t>(std::min(columns, max_page_columns))) {
    clear();
}

void RowsWriter::clear() {
    used_ = head;
    rows_ = 0;
}

char* RowsWriter::room(size_t most) {
    if (buffer_.size() - used_ < most || buffer_.size() < used_) buffer_.resize((used_ + most) * 2);
    return buffer_.data() + used_;
}

RowsWriter& RowsWriter::number(int64_t v) {
    char* const from = room(1 + longest_varint);
    *from = static_cast<char>(kind_number);
    const char* const to = put_varint(from + 1, (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63));
    used_ += static_cast<size_t>(to - from);
    return *this;
}
RowsWriter& RowsWriter::bytes(uint8_t kind, std::string_view v) {
    char* const from = room(1 + longest_varint + v.size());
    *from = static_cast<char>(kind);
    char* const to = put_varint(from + 1, v.size());
    if (!v.empty()) std::memcpy(to, v.data(), v.size());
    used_ += static_cast<size_t>(to - from) + v.size();
    return *this;
}
RowsWriter& RowsWriter::null() {
    *room(1) = static_cast<char>(kind_null);
    ++used_;
    return *this;
}

std::string_view RowsWriter::body() {
    room(0);
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

bool RowsReader::read(Value& v) {
    if (in_.empty()) return false;
    v = {static_cast<uint8_t>(in_.front()), 0, {}};
    in_.remove_prefix(1);
    if (v.kind == RowsWriter::kind_null) return true;
    uint64_t u = 0;
    if (v.kind > RowsWriter::kind_blob || !read_varint(u)) return false;
    if (v.kind == RowsWriter::kind_number) {
        v.number = static_cast<int64_t>(u >> 1) ^ -static_cast<int64_t>(u & 1);
        return true;
    }
    if (u > in_.size()) return false;
    v.bytes = in_.substr(0, static_cast<size_t>(u));
    in_.remove_prefix(v.bytes.size());
    return true;
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
