// What a loop's descriptors are to write, kept until the handler at hand has ended: then it goes out in one go, socket
// after socket. The kernel's way down to a socket and a call's way through us do not fit a processor's instruction
// cache together; taking turns less often is worth a tenth of a call. Loop thread only.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace aig::rt {
class Descriptor;
}

namespace aig::rt::detail {

class Outbox {
  public:
    static constexpr size_t most_bytes = size_t{16} << 10;  ///< of one write; what is larger is written by itself

    /// Copies the pieces, `total` bytes in all.
    void add(Descriptor& to, std::span<const iovec> pieces, size_t total);
    bool holds_for(const Descriptor& to) const;
    /// Writes everything; what the kernel does not take, the descriptors owe from then on.
    void send();

  private:
    struct Letter {
        Descriptor* to;
        size_t at, size;  ///< in bytes_
    };
    std::vector<Letter> letters_;
    std::string bytes_;
};

}  // namespace aig::rt::detail
