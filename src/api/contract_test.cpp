// The routes and the public contract say the same, both ways; every row has a billing class and the contract repeats
// it.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "api/request.h"
#include "base/embedded.h"

using namespace aig;

namespace {
/// (method, path) -> x-aig-billing and, for a session's route, x-aig-role, read from the contract by its indentation
/// (paths at 2, methods at 4, members at 6 spaces).
std::map<std::pair<std::string, std::string>, std::string> contract() {
    std::map<std::pair<std::string, std::string>, std::string> out;
    std::string path, method, text(embedded_file("openapi/gateway.yaml"));
    bool in_paths = false;
    for (size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        const std::string line = text.substr(at, end - at);
        at = end == std::string::npos ? text.size() : end + 1;
        if (!line.empty() && line[0] != ' ') in_paths = line == "paths:";
        if (!in_paths) continue;
        if (line.starts_with("  /"))
            path = line.substr(2, line.size() - 3);
        else if (line.starts_with("    ") && line[4] != ' ') {
            method = line.substr(4, line.size() - 5);
            for (auto& c : method) c = static_cast<char>(std::toupper(c));
            out[{method, path}];
        } else if (line.starts_with("      x-aig-billing: "))
            out[{method, path}] = line.substr(21);
        else if (line.starts_with("      x-aig-role: "))
            out[{method, path}] += " " + line.substr(18);
    }
    return out;
}
std::string role_of(const api::Route& r) {
    return r.access == api::Access::session ? " " + std::string(identity::role_name(r.seat.least)) : "";
}
}  // namespace

TEST(Contract, routes_equal_the_contract) {
    std::map<std::pair<std::string, std::string>, std::string> rows;
    for (const auto& r : api::routes())
        rows[{std::string(r.method), std::string(r.pattern)}] =
            std::string(r.billing == api::Billing::held ? "held" : "free") + role_of(r);
    EXPECT_EQ(rows, contract());
}

TEST(Contract, whatever_costs_can_be_repeated_safely) {
    int paid = 0;
    for (const auto& r : api::routes()) {
        if (r.billing != api::Billing::held || r.method != "POST") continue;
        ++paid;
        EXPECT_EQ(r.mark, api::Mark::once) << r.pattern << " costs money and takes no Idempotency-Key";
    }
    EXPECT_GE(paid, 2);
}

TEST(Contract, a_key_in_a_path_is_always_cut_out) {
    for (const auto& r : api::routes())
        EXPECT_EQ(r.pattern.find("{key}") != std::string_view::npos, r.mark == api::Mark::redact) << r.pattern;
}
