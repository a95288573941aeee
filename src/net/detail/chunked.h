// Undoes "transfer-encoding: chunked", in place and in pieces of any size. Stricter than the RFC where laxness has been
// used to smuggle: CR LF only, sizes of at most 16 digits, no blanks, extensions of at most 1 KiB, no framing fields in
// trailers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace aig::net::detail {

class ChunkDecoder {
  public:
    struct Step {
        size_t consumed = 0;  ///< of the given bytes; less than all only when done
        size_t produced = 0;  ///< body bytes, moved to the front of the given bytes
        bool done = false;
    };
    /// Errors: bad_request. After an error or done, nothing more may be fed before reset().
    Result<Step> decode(char* bytes, size_t n);
    bool done() const { return state_ == State::done; }
    void reset() { *this = ChunkDecoder(); }

  private:
    enum class State : uint8_t {
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        line_start,
        name,
        value,
        line_lf,
        end_lf,
        done
    };
    Status size_byte(char c);
    Status extension_byte(char c);
    Status trailer_byte(char c);
    Status step(char c);
    void size_ended();

    enum class Ext : uint8_t { name_first, name, value_first, value, quoted, closed };

    State state_ = State::size;
    Ext ext_ = Ext::name_first;
    uint8_t digits_ = 0;
    uint64_t left_ = 0;        ///< of the current chunk
    uint32_t extension_ = 0;   ///< bytes of this chunk's
    uint32_t extensions_ = 0;  ///< bytes of all
    uint32_t trailer_ = 0;     ///< bytes of all trailer lines
    std::string name_;         ///< of the trailer line being read
};

}  // namespace aig::net::detail
