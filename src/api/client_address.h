// Where a request really comes from. Behind no proxy: the peer. Behind proxies that the operator trusts
// (server.trusted_proxies): the right-most address in X-Forwarded-For or Forwarded that is none of them, for everything
// to its left was written by the caller. Both headers must say the same: which one the proxy writes is not known here,
// and the other may be the caller's own. Unknown ("") when the header cannot be read up to that address. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "net/http.h"

namespace aig::api {

std::string client_address(const net::Headers& headers, const std::string& peer, const std::vector<IpBlock>& trusted);

}  // namespace aig::api
