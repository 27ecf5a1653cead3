// OpenSSL, for TLSEngine alone.
#ifndef TELEHEALTH_COPENSSL_SHIM_H
#define TELEHEALTH_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Everything here is a macro over SSL_ctrl or BIO_ctrl (or a sk_ accessor), which Swift does not import.

static inline long telehealth_ssl_ctx_set_min_proto_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_min_proto_version(ctx, version);
}
static inline long telehealth_ssl_ctx_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }
static inline long telehealth_ssl_ctx_set_session_cache_mode(SSL_CTX *ctx, long mode) {
    return SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline long telehealth_ssl_set_tlsext_host_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}
static inline const char *telehealth_ssl_get_servername(const SSL *ssl) {
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}
static const uint64_t telehealth_ssl_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t telehealth_ssl_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t telehealth_ssl_op_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const long telehealth_ssl_mode = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
static const unsigned long telehealth_xn_flag_rfc2253 = XN_FLAG_RFC2253;
static inline int telehealth_err_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int telehealth_bio_type_source_sink(void) { return BIO_get_new_index() | BIO_TYPE_SOURCE_SINK; }
static inline long telehealth_bio_get_mem_data(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
static inline void telehealth_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void telehealth_bio_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline X509 *telehealth_ssl_get1_peer_certificate(const SSL *ssl) { return SSL_get1_peer_certificate(ssl); }
static inline int telehealth_general_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline const GENERAL_NAME *telehealth_general_names_value(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}
static inline void telehealth_general_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }
// DNS, URI and e-mail names are IA5 strings: `length` bytes, not zero terminated, may hold zero bytes.
static inline const unsigned char *telehealth_general_name_text(const GENERAL_NAME *name, int *type, int *length) {
    *type = name->type;
    if (name->type != GEN_DNS && name->type != GEN_URI && name->type != GEN_EMAIL) {
        *length = 0;
        return 0;
    }
    *length = ASN1_STRING_length(name->d.ia5);
    return ASN1_STRING_get0_data(name->d.ia5);
}

#endif
