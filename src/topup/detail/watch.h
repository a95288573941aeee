// One watched address: its row, how far its lists were read, and the page it is on.
#pragma once

#include <unordered_map>

#include "topup/tron/watcher.h"

namespace aig::topup::tron {

struct Watcher::Watch {
    sql::AddressRow row;
    Address address;
    std::string fingerprint;  ///< of the next page; "" = begin again
    int64_t from_ms = 0;      ///< what this list began with
    bool more = false;        ///< the list goes on
    size_t node = 0;          ///< whose list it is
    uint64_t turns = 0;
    std::unordered_map<std::string, int64_t> recent;  ///< transactions that are sightings already, by block time
};

}  // namespace aig::topup::tron
