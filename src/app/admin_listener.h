// The operator's door: the admin API over its own TCP listener (token) and over data_dir/admin.sock (0600: whoever may
// open the file is the operator). /metrics, /healthz and /readyz answer here too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/admin/admin.h"
#include "net/server.h"

namespace aig::app {

struct AdminDoor {
    std::string host;
    uint16_t port = 0;
    std::string socket_path;
    std::string token;
    std::function<Status()> ready;
};

class AdminListener {
  public:
    static Result<std::unique_ptr<AdminListener>> start(rt::Loops& loops, AdminDoor door, api::Admin& admin);
    uint16_t port() const { return tcp_->port(); }
    void close();

  private:
    AdminListener(AdminDoor door, api::Admin& admin) : door_(std::move(door)), admin_(admin) {}
    rt::Task<> handle(net::Exchange& http, bool trusted);
    bool allowed(const net::Exchange& http) const;
    AdminDoor door_;
    api::Admin& admin_;
    std::unique_ptr<net::Server> tcp_, local_;
};

}  // namespace aig::app
