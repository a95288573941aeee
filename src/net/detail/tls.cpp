#include "net/detail/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <map>
#include <mutex>

namespace aig::net::detail {
namespace {

constexpr unsigned char kAlpn[] = "\x08http/1.1";

void common_settings(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

/// A client that offers ALPN without http/1.1 is refused by name, not served what it cannot read.
int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// --- the client's newest session, kept in its context

void free_session(void*, void* session, CRYPTO_EX_DATA*, int, long, void*) {
    if (session) SSL_SESSION_free(static_cast<SSL_SESSION*>(session));
}

int session_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_session);
    return slot;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
    SSL_CTX* context = SSL_get_SSL_CTX(ssl);
    if (auto* old = static_cast<SSL_SESSION*>(SSL_CTX_get_ex_data(context, session_slot()))) SSL_SESSION_free(old);
    SSL_CTX_set_ex_data(context, session_slot(), session);
    return 1;
}

struct FreeStore {
    void operator()(X509_STORE* s) const { X509_STORE_free(s); }
};

/// Reading the system's authorities takes 15 ms, so each file is read once and shared.
Result<X509_STORE*> authorities(const std::string& ca_file) {
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<X509_STORE, FreeStore>> stores;
    std::lock_guard lock(mutex);
    auto& store = stores[ca_file];
    if (store) return store.get();
    std::unique_ptr<X509_STORE, FreeStore> fresh(X509_STORE_new());
    ERR_clear_error();
    const int ok = ca_file.empty() ? X509_STORE_set_default_paths(fresh.get())
                                   : X509_STORE_load_file(fresh.get(), ca_file.c_str());
    if (ok != 1)
        return Error(ErrorCode::config_invalid, "cannot read authorities from '" + ca_file + "': " + tls_error_text());
    store = std::move(fresh);
    return store.get();
}

}  // namespace

Result<SslContext> make_server_tls(const ServerTls& files) {
    SslContext context(SSL_CTX_new(TLS_server_method()));
    common_settings(context.get());
    SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets carry the sessions
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.cert_file.c_str()) != 1) {
        return Error(ErrorCode::config_invalid,
                     "cannot read the certificate '" + files.cert_file + "': " + tls_error_text());
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1) {
        return Error(ErrorCode::config_invalid, "cannot use the key '" + files.key_file + "': " + tls_error_text());
    }
    return context;
}

Result<SslContext> make_client_tls(const std::string& ca_file) {
    SslContext context(SSL_CTX_new(TLS_client_method()));
    common_settings(context.get());
    TRY(X509_STORE* const store, authorities(ca_file));
    SSL_CTX_set1_cert_store(context.get(), store);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof kAlpn - 1);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), keep_session);
    return context;
}

SslPtr make_client_ssl(SSL_CTX* context, const std::string& host) {
    SslPtr ssl(SSL_new(context));
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) != 1) {
        ERR_clear_error();
        SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl.get(), host.c_str());
        SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    }
    auto* session = static_cast<SSL_SESSION*>(SSL_CTX_get_ex_data(context, session_slot()));
    if (session) SSL_set_session(ssl.get(), session);
    return ssl;
}

void ignore_sigpipe() {
    static std::once_flag once;
    std::call_once(once, [] { std::signal(SIGPIPE, SIG_IGN); });
}

}  // namespace aig::net::detail
