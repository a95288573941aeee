#include "sim/detail/bill.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"

namespace aig::sim {

Result<std::unique_ptr<Bill>> Bill::open(const std::string& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return Error(ErrorCode::config_invalid,
                     fmt::format("cannot open the invoice {}: {}", file, std::strerror(errno)));
    return std::unique_ptr<Bill>(new Bill(fd));
}

Bill::~Bill() { ::close(fd_); }

/// One write for one line: with O_APPEND the lines of several threads and processes never mix. It goes to the page
/// cache and takes a few microseconds, so the loop does it itself.
void Bill::add(const Call& c) {
    std::string line;
    JsonWriter w(line);
    w.begin_object()
        .field("call", c.id)
        .field("request_id", c.request_id)
        .field("wire", c.wire)
        .field("model", c.model);
    w.field("stream", c.stream)
        .field("input_tokens", c.input_tokens)
        .field("output_tokens", c.output_tokens)
        .field("states", c.states)
        .field("completed", c.completed);
    if (c.gone)
        w.field("client_gone_after_tokens", c.output_tokens);
    else
        w.field_null("client_gone_after_tokens");
    w.field("status", c.status).field("at_us", now_us()).end_object();
    line += '\n';
    if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) log::warn("sim_bill_write_failed");
}

}  // namespace aig::sim
