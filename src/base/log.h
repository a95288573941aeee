// Operational log: one JSON object a line (text on a terminal). Values of secret-bearing fields never come here:
// callers log ids, counts and codes. CR, LF and escape bytes are neutralised by JSON escaping. Thread-safe; lines are
// written by a background thread from a bounded queue, and lines lost to a full queue are counted in the metrics.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace aig::log {

enum class Level : uint8_t { debug, info, warn, error };
enum class Format : uint8_t { automatic, json, text };

struct Field {
    std::string_view key;
    std::string value;  ///< raw JSON
    Field(std::string_view k, std::string_view v);
    Field(std::string_view k, const char* v) : Field(k, std::string_view(v)) {}
    Field(std::string_view k, const std::string& v) : Field(k, std::string_view(v)) {}
    Field(std::string_view k, int64_t v);
    Field(std::string_view k, int v) : Field(k, static_cast<int64_t>(v)) {}
    Field(std::string_view k, bool v);
};

/// To standard error. Called once at start and on reload; before it, info and above go out as text, unbuffered.
void configure(Format, Level);
bool enabled(Level);
/// `event` is a fixed snake_case word ("provider_key_disabled"); everything that varies is a field.
void write(Level, std::string_view event, std::initializer_list<Field> = {});
/// A finished JSON line of the access log, without a line end.
void write_line(std::string_view line);
void flush();
int64_t dropped_lines();

inline void debug(std::string_view e, std::initializer_list<Field> f = {}) {
    if (enabled(Level::debug)) write(Level::debug, e, f);
}
inline void info(std::string_view e, std::initializer_list<Field> f = {}) {
    if (enabled(Level::info)) write(Level::info, e, f);
}
inline void warn(std::string_view e, std::initializer_list<Field> f = {}) { write(Level::warn, e, f); }
inline void error(std::string_view e, std::initializer_list<Field> f = {}) { write(Level::error, e, f); }

}  // namespace aig::log
