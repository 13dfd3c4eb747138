/* SPDX-License-Identifier: Apache-2.0 */
#include "rsakey.h"

#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

enum { MODULUS = RAWKEY_MODULUS, EXPONENT = RAWKEY_EXPONENT, KEY_BITS = 2048 };

struct rsakey {
	EVP_PKEY *pkey;
	uint8_t raw[RAWKEY_SIZE];
};

/* OpenSSL's text for its last error, for the end of a sentence. */
static const char *rsakey_openssl_why(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	return text ? text : "unknown error";
}

/* --- numbers */

/* What the boot ROM needs of a key. N and E are borrowed. */
static int rsakey_check_numbers(const BIGNUM *n, const BIGNUM *e, struct reason *why)
{
	if (BN_num_bits(n) != KEY_BITS)
		return reason_set(why, "RSA key size must be 2048 (this one has %d bits)",
		                  BN_num_bits(n));
	if (!BN_is_odd(n))
		return reason_set(why, "not an RSA key: its modulus is even");
	if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bytes(e) > EXPONENT)
		return reason_set(
			why,
			"not a usable RSA key: its exponent is even, 1 or longer than 64 bits");
	return 0;
}

/* Takes ownership of PKEY in every case. */
static int rsakey_adopt(EVP_PKEY *pkey, struct rsakey **out, struct reason *why)
{
	BIGNUM *n = NULL, *e = NULL;
	struct rsakey *key = NULL;
	int result = -1;
	if (!EVP_PKEY_is_a(pkey, "RSA")) {
		reason_set(why, "not an RSA key");
		goto out;
	}
	if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) ||
	    !EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e)) {
		reason_set(why, "the public numbers of the RSA key cannot be read: %s",
		           rsakey_openssl_why());
		goto out;
	}
	if (rsakey_check_numbers(n, e, why) != 0)
		goto out;
	key = calloc(1, sizeof *key);
	if (!key || BN_bn2lebinpad(n, key->raw, MODULUS) != MODULUS ||
	    BN_bn2lebinpad(e, key->raw + MODULUS, EXPONENT) != EXPONENT) {
		reason_set(why, "out of memory");
		free(key);
		goto out;
	}
	key->pkey = pkey;
	pkey = NULL;
	*out = key;
	result = 0;
out:
	BN_free(n);
	BN_free(e);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return result;
}

/* A public key from its numbers, which are borrowed. */
static int rsakey_from_numbers(const BIGNUM *n, const BIGNUM *e, struct rsakey **key,
                               struct reason *why)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	int result = rsakey_check_numbers(n, e, why);
	if (result != 0)
		goto out;
	if (!build || !ctx || !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) ||
	    !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) ||
	    !(params = OSSL_PARAM_BLD_to_param(build)) || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		result = reason_set(why, "not an RSA key: %s", rsakey_openssl_why());
	else
		result = rsakey_adopt(pkey, key, why);
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return result;
}

int rsakey_from_raw(const uint8_t raw[RAWKEY_SIZE], struct rsakey **key, struct reason *why)
{
	*key = NULL;
	BIGNUM *n = BN_lebin2bn(raw, MODULUS, NULL);
	BIGNUM *e = BN_lebin2bn(raw + MODULUS, EXPONENT, NULL);
	int result = n && e ? rsakey_from_numbers(n, e, key, why)
	                    : reason_set(why, "out of memory");
	BN_free(n);
	BN_free(e);
	return result;
}

/* --- OpenSSH: "ssh-rsa BASE64 comment"; inside, three fields of a big-endian length and that many bytes (RFC 4253) */

static const char ssh_word[] = "ssh-rsa ";

/* Takes the next field off the front of *AT. NULL if it is not all there. */
static const uint8_t *rsakey_ssh_field(const uint8_t **at, size_t *left, size_t *size)
{
	const uint8_t *p = *at;
	if (*left < 4)
		return NULL;
	*size = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (*size > *left - 4)
		return NULL;
	*at += 4 + *size;
	*left -= 4 + *size;
	return p + 4;
}

static int rsakey_parse_ssh_blob(const uint8_t *blob, size_t n, struct rsakey **key,
                                 struct reason *why)
{
	size_t type_size = 0, e_size = 0, n_size = 0;
	const uint8_t *type = rsakey_ssh_field(&blob, &n, &type_size);
	const uint8_t *exponent = type ? rsakey_ssh_field(&blob, &n, &e_size) : NULL;
	const uint8_t *modulus = exponent ? rsakey_ssh_field(&blob, &n, &n_size) : NULL;
	if (!modulus || type_size != strlen("ssh-rsa") || memcmp(type, "ssh-rsa", type_size) != 0 ||
	    e_size > MODULUS || n_size > 4 * MODULUS)
		return reason_set(why, "the ssh-rsa line is damaged");
	BIGNUM *bn_e = BN_bin2bn(exponent, (int)e_size, NULL);
	BIGNUM *bn_n = BN_bin2bn(modulus, (int)n_size, NULL);
	int result = bn_n && bn_e ? rsakey_from_numbers(bn_n, bn_e, key, why)
	                          : reason_set(why, "out of memory");
	BN_free(bn_n);
	BN_free(bn_e);
	return result;
}

/* TEXT follows the first word. */
static int rsakey_parse_ssh(const char *text, struct rsakey **key, struct reason *why)
{
	uint8_t blob[2048];
	size_t digits = strcspn(text, " \t\r\n");
	if (digits % 4 != 0 || digits / 4 * 3 > sizeof blob)
		return reason_set(why, "the ssh-rsa line is damaged");
	int n = EVP_DecodeBlock(blob, (const unsigned char *)text, (int)digits);
	ERR_clear_error();
	if (n < 0)
		return reason_set(why, "the ssh-rsa line is damaged");
	return rsakey_parse_ssh_blob(blob, (size_t)n, key, why);
}

/* --- everything OpenSSL can read */

/* The passphrase comes from the terminal or not at all: standard input may be data. */
static int rsakey_ask_on_terminal(char *text, int size, int verify, void *context)
{
	bool *no_terminal = (bool *)context;
	(void)verify;
	if (!tool_has_terminal()) {
		*no_terminal = true;
		return -1;
	}
	if (EVP_read_pw_string_min(text, 1, size - 1, "Passphrase of the key: ", 0) != 0)
		return -1;
	return (int)strlen(text);
}

/* Wraps the asking, to distinguish "it was encrypted" from "it was not a key". */
struct asking {
	rsakey_ask *ask;
	bool asked, no_terminal;
};

static int rsakey_ask_wrapped(char *text, int size, int verify, void *context)
{
	struct asking *asking = (struct asking *)context;
	if (asking->asked) /* wrong the first time: the store would try all its readers */
		return -1;
	asking->asked = true;
	return asking->ask ? asking->ask(text, size, verify, &asking->no_terminal) : -1;
}

/* The key inside one object of a store, if it is of the wanted kind. */
static EVP_PKEY *rsakey_key_of(const OSSL_STORE_INFO *info, enum rsakey_part part)
{
	int type = OSSL_STORE_INFO_get_type(info);
	if (type == OSSL_STORE_INFO_PKEY)
		return OSSL_STORE_INFO_get1_PKEY(info);
	if (part == RSAKEY_PUBLIC && type == OSSL_STORE_INFO_PUBKEY)
		return OSSL_STORE_INFO_get1_PUBKEY(info);
	if (part == RSAKEY_PUBLIC && type == OSSL_STORE_INFO_CERT)
		return X509_get_pubkey(OSSL_STORE_INFO_get0_CERT(info));
	return NULL;
}

static int rsakey_why_no_key(enum rsakey_part part, bool other, const struct asking *asking,
                             struct reason *why)
{
	if (asking->asked && asking->no_terminal)
		return reason_set(why, "the key is encrypted and there is no terminal to ask for "
		                       "its passphrase");
	if (asking->asked)
		return reason_set(why, "the encrypted key could not be read (wrong passphrase?)");
	if (part == RSAKEY_PRIVATE && other)
		return reason_set(why, "no private key in it, only a public one");
	return reason_set(why, "no key in it that could be read");
}

/* Takes the first fitting key out of STORE, which is closed. */
static int rsakey_take_key(OSSL_STORE_CTX *store, enum rsakey_part part,
                           const struct asking *asking, struct rsakey **key, struct reason *why)
{
	EVP_PKEY *pkey = NULL;
	bool other = false;
	while (!pkey && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		if (!info && OSSL_STORE_error(store))
			break;
		if (info) {
			pkey = rsakey_key_of(info, part);
			other = other || !pkey;
		}
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	int result = pkey ? rsakey_adopt(pkey, key, why)
	                  : rsakey_why_no_key(part, other, asking, why);
	ERR_clear_error();
	return result;
}

static int rsakey_parse_store(const uint8_t *bytes, size_t n, enum rsakey_part part,
                              rsakey_ask *ask, struct rsakey **key, struct reason *why)
{
	struct asking asking = { .ask = ask };
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(rsakey_ask_wrapped, 0);
	BIO *bio = BIO_new_mem_buf(bytes, (int)n);
	OSSL_STORE_CTX *store = NULL;
	if (ui && bio)
		store = OSSL_STORE_attach(bio, "file", NULL, NULL, ui, &asking, NULL, NULL, NULL);
	int result = store ? rsakey_take_key(store, part, &asking, key, why)
	                   : reason_set(why, "cannot be read: %s", rsakey_openssl_why());
	BIO_free(bio);
	UI_destroy_method(ui);
	return result;
}

/* The one encoding that OpenSSL's store does not know: a PKCS#1 public key as DER. */
static EVP_PKEY *rsakey_pkcs1_public_der(const uint8_t *bytes, size_t n)
{
	EVP_PKEY *pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &bytes, (long)n);
	ERR_clear_error();
	return pkey;
}

int rsakey_parse(const uint8_t *bytes, size_t n, enum rsakey_part part, rsakey_ask *ask,
                 struct rsakey **key, struct reason *why)
{
	*key = NULL;
	if (n > RSAKEY_FILE_MAX)
		return reason_set(why, "too large for a key");
	const char *text = (const char *)bytes; /* followed by a zero byte, see struct bytes */
	size_t blank = strspn(text, " \t\r\n");
	if (strncmp(text + blank, ssh_word, sizeof ssh_word - 1) != 0) {
		EVP_PKEY *pkey = part == RSAKEY_PUBLIC ? rsakey_pkcs1_public_der(bytes, n) : NULL;
		return pkey ? rsakey_adopt(pkey, key, why)
		            : rsakey_parse_store(bytes, n, part, ask, key, why);
	}
	if (part == RSAKEY_PRIVATE)
		return reason_set(why, "no private key in it, only a public one");
	text += blank + sizeof ssh_word - 1;
	return rsakey_parse_ssh(text + strspn(text, " \t"), key, why);
}

/* --- files and tokens */

static const char pkcs11[] = "pkcs11:";

/* Without a provider: the engine. */
static int rsakey_load_by_engine(const char *uri, enum rsakey_part part, struct rsakey **key,
                                 struct reason *why)
{
	EVP_PKEY *pkey;
	int result = -1;
	switch (engine_load(uri, part, &pkey)) {
	case ENGINE_OK:
		return rsakey_adopt(pkey, key, why);
	case ENGINE_NONE:
		reason_set(why, "pkcs11: keys need OpenSSL's provider or engine \"pkcs11\", and "
		                "neither is installed (Debian: pkcs11-provider or "
		                "libengine-pkcs11-openssl); or sign through an HSM wrapper (-H)");
		break;
	case ENGINE_FAILED:
		reason_set(why,
		           "the token or its key cannot be used: %s (is PKCS11_MODULE_PATH set?); "
		           "or sign through an HSM wrapper (-H)",
		           rsakey_openssl_why()); /* without the URI: it may contain the PIN */
		break;
	}
	ERR_clear_error();
	return result;
}

static int rsakey_load_pkcs11(const char *uri, enum rsakey_part part, struct rsakey **key,
                              struct reason *why)
{
	OSSL_PROVIDER *provider = OSSL_PROVIDER_try_load(NULL, "pkcs11", 1);
	if (!provider) {
		ERR_clear_error();
		return rsakey_load_by_engine(uri, part, key, why);
	}
	struct asking asking = { 0 };
	OSSL_STORE_CTX *store = OSSL_STORE_open(uri, UI_OpenSSL(), NULL, NULL, NULL);
	int result = store ? rsakey_take_key(store, part, &asking, key, why)
	                   : reason_set(why, "the token cannot be opened: %s",
	                                rsakey_openssl_why());
	ERR_clear_error();
	return result; /* the provider stays loaded: the key needs it */
}

int rsakey_load(const char *where, enum rsakey_part part, struct rsakey **key, struct reason *why)
{
	*key = NULL;
	struct reason inner;
	if (strncmp(where, pkcs11, sizeof pkcs11 - 1) == 0)
		return rsakey_load_pkcs11(where, part, key, why);
	struct bytes file;
	int err = tool_read_file(where, RSAKEY_FILE_MAX, &file);
	if (err == ENOENT)
		return reason_set(why, "RSA key \"%s\" not found", where);
	if (err)
		return reason_set(why, "RSA key \"%s\" cannot be read: %s", where, strerror(err));
	int result = rsakey_parse(file.data, file.size, part, rsakey_ask_on_terminal, key, &inner);
	tool_bytes_free(&file);
	return result == 0 ? 0 : reason_set(why, "%s: %s", where, inner.text);
}

void rsakey_free(struct rsakey *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* --- use */

const uint8_t *rsakey_raw(const struct rsakey *key)
{
	return key->raw;
}

void rsakey_hash(const struct rsakey *key, uint8_t hash[RAWKEY_HASH])
{
	rawkey_hash(key->raw, hash);
}

int rsakey_pem(const struct rsakey *key, struct bytes *pem, struct reason *why)
{
	*pem = (struct bytes){ 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = bio && PEM_write_bio_PUBKEY(bio, key->pkey) ? BIO_get_mem_data(bio, &text) : 0;
	if (n > 0 && (pem->data = malloc((size_t)n + 1))) {
		memcpy(pem->data, text, (size_t)n);
		pem->data[n] = 0;
		pem->size = (size_t)n;
	}
	BIO_free(bio);
	ERR_clear_error();
	return pem->data ? 0 : reason_set(why, "the key cannot be written as PEM");
}

static const EVP_MD *rsakey_digest_of(enum rsakey_digest kind)
{
	return kind == RSAKEY_SHA1 ? EVP_sha1() : EVP_sha256();
}

size_t rsakey_digest(enum rsakey_digest kind, const uint8_t *bytes, size_t n, uint8_t digest[32])
{
	unsigned size = 0;
	if (!EVP_Digest(bytes, n, digest, &size, rsakey_digest_of(kind), NULL))
		abort(); /* both digests are always available */
	return size;
}

/* A context that signs or verifies (by INIT) digests of KIND. */
static EVP_PKEY_CTX *rsakey_signature_context(const struct rsakey *key, enum rsakey_digest kind,
                                              int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (ctx && init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, rsakey_digest_of(kind)) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

int rsakey_sign(const struct rsakey *key, enum rsakey_digest kind, const uint8_t *digest,
                uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	EVP_PKEY_CTX *ctx = rsakey_signature_context(key, kind, EVP_PKEY_sign_init);
	size_t size = RAWKEY_SIGNATURE;
	size_t digest_size = (size_t)EVP_MD_get_size(rsakey_digest_of(kind));
	int result = 0;
	if (!ctx || EVP_PKEY_sign(ctx, signature, &size, digest, digest_size) != 1 ||
	    size != RAWKEY_SIGNATURE)
		result = reason_set(why, "signing failed: %s", rsakey_openssl_why());
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return result;
}

bool rsakey_verify(const struct rsakey *key, enum rsakey_digest kind, const uint8_t *digest,
                   const uint8_t signature[RAWKEY_SIGNATURE])
{
	EVP_PKEY_CTX *ctx = rsakey_signature_context(key, kind, EVP_PKEY_verify_init);
	size_t digest_size = (size_t)EVP_MD_get_size(rsakey_digest_of(kind));
	bool good = ctx &&
	            EVP_PKEY_verify(ctx, signature, RAWKEY_SIGNATURE, digest, digest_size) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return good;
}
