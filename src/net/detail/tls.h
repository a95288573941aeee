// OpenSSL contexts of both sides: TLS 1.2 or newer, ALPN http/1.1 alone, no renegotiation, buffers released while idle.
#pragma once

#include <string>

#include "net/detail/channel.h"
#include "net/server.h"

namespace aig::net::detail {

/// config_invalid when a file is missing or does not fit.
Result<SslContext> make_server_tls(const ServerTls& files);

/// Trusts `ca_file`, or the system's authorities when "". The newest session is kept in the context and offered again.
Result<SslContext> make_client_tls(const std::string& ca_file);
/// For one connection: name checked against `host`, SNI, the kept session.
SslPtr make_client_ssl(SSL_CTX* context, const std::string& host);

/// A peer that closes must not kill the process: OpenSSL writes without MSG_NOSIGNAL.
void ignore_sigpipe();

}  // namespace aig::net::detail
