/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs that the tests of the tools share: synthetic EEPROM images, byte patterns, a test key. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SAMPLE_S1_SIZE 524288u
#define SAMPLE_S2_SIZE 2097152u

/* The body of a PKCS#1 private key made for tests, which protects nothing; its first and last line are added when a
 * test runs, so that no key file lies in the repository. */
static const char sample_key_body[] =
	"MIIEogIBAAKCAQEAs9ahZJMRPl+xGPefS0YvAIKmCAmS+BO9xJClvFm9YWcqRz0j\n"
	"B1dCT18meD6hmmSGyjnAfnPk0EZs8VGpmU7ClCghFpCRe9VwTAb2ciw4HPjOOm8R\n"
	"Ddg32rYd8+X758NLK5c/S3BohEP8wj0j9I1pHfB69j6noX10EQKZGQSmTPRkBArI\n"
	"WNQw7fGZx1/w5EapjRBYx57PQdGzxlk/pmVJvrTfx/+fhRal/oTyTdjf7VdPMcSj\n"
	"bkJVDIAhVsoxK1JbZF5/owBSwh80jd/dy8wLuNB7rr8RBqu7t1WNAcisfamJ5jGp\n"
	"ygzx9/iMeiYR/sGEdyyrS6/sy+OfHvNOkOlvFwIDAQABAoIBAAbWWoJ+uOwcf+40\n"
	"E+wCZMJp3910XRBuJ7aJIqlQ5staPG2YRx79/qO9OV2Jprk+UzBDFoIi7oh19P8O\n"
	"chqbDPjMYchVghfUMJXOD0vzScWINscFS/+xFcaMoAI9ieCbjd3AEq76khldQFyI\n"
	"2IzGskAU0Yf6hS21nau74+LjSLNU6E6C/xqdajhEYH4k5ULUaWc62U/W5TgS/9Ml\n"
	"uHefwkMZ9rJmOYDE/PqrSuI9w1Q2vxipgd4SZJFMQ0g+wxnCKtddPg4b6HKfA1nL\n"
	"X5lK9EfPYDdQVrwmzeCCP1Z6V1v/OS79Q33t9X2Z8JFAcjN7anQpk2KAIOgTtoSX\n"
	"LPutKAECgYEA6FzCTbKrbZjK7Hr+vsEsUU+qVmBOVzlLhIYFx3lAZRHbjX1/7vvD\n"
	"ssbP81mq2YbvfVFg4EuuJQGPeQjYzlLeiIH/Cz6hbL3QuuQtskvDTqDD1b7MmpKZ\n"
	"O+wv/tabKJlpR92UWkxa+u0z3LX9XYtLVcOAtiNhjPQN7/3zG40hyxcCgYEAxiIH\n"
	"e4uQabSSYDAergncpBnBU3cUxP2Tp3qpeGFzd/zuO69DUkDxXtvCQuoc8gZvsvpA\n"
	"xoAU/srYn+VYtaL/sojF2IemP1Bs9VmwG+IhcNCTcZINTsdXTKoEP5CMkZcQ10Mq\n"
	"f2rqXJjIXjQLTuoiYqoUUnCViHlIP9PfZlUr/AECgYAmrKm6fO6Dg1bjHWWhIk3a\n"
	"CsRzM/xWEDc9i4ESvl+1cs90MVtFz6m269hYzKffJNJfrVfOfUoy5puWrZ5IWQqo\n"
	"9doZaQc9Liq7sJbagjmzsJZn0SYE5DmU+67RX67bhw065Op4TRUnhquHJNNS6ohT\n"
	"cgLOTf1ClKxtMXtxLoBdaQKBgHi5K03/z9JYkAfDyi3JHINwnfc5S5Jr35fgiXos\n"
	"BqtJle8P7zkjEO73f/o9o71kZpLrIKTSTfihqDRlDhQ+aQZjiAlTPdy+KGWmbEPR\n"
	"GQcgT3aXwzwJAgxYW5ZPgRcEsOI4rqBMiNg6z3t2wp0m1CTB9Pf2WWZ6X6dkdW5o\n"
	"3xABAoGAC7SqP4Vf47zg1dllHKu0lC0gvG1IvYKBR+fGutcMYmka3ZWIOw0ubFjw\n"
	"yH64UcrvijGIY533AbxJqKI9qJUVcH9e54ZZ8wxuRj4aXKDw/N+2sJZIBvrwPJAA\n"
	"nJLkARF98ezHnDfMFm6AlHjOzfArT+GnlIEpVf5dsXPJ8+nE1NE=\n";

#define SAMPLE_KEY_KIND "RSA PRIVATE KEY"
#define SAMPLE_KEY_HASH "66c15c5d0a96d4f23df6d6d998520ed698f2585c78d3fd7a565756c979c2c6a6"

/* Byte k is k * M + A. */
static inline void sample_pattern(uint8_t *to, size_t n, unsigned m, unsigned a)
{
	for (size_t k = 0; k < n; k++)
		to[k] = (uint8_t)(k * m + a);
}

static inline void sample_put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A header; returns where its content goes. */
static inline uint8_t *sample_section(uint8_t *image, size_t at, uint32_t magic, size_t length)
{
	sample_put_be32(image + at, magic);
	sample_put_be32(image + at + 4, (uint32_t)length);
	return image + at + 8;
}

static inline void sample_file(uint8_t *image, size_t at, const char *name, const void *content,
                               size_t n)
{
	uint8_t *p = sample_section(image, at, 0x55aaf11f, n + 16);
	memset(p, 0, 16);
	memcpy(p, name, strlen(name));
	memcpy(p + 16, content, n);
}

static inline void sample_padding(uint8_t *image, size_t from, size_t to)
{
	sample_section(image, from, 0x55aafeef, to - from - 8);
}

/* A 2711 image, one boot partition, bootconf.txt its last section. */
static inline void sample_s1(uint8_t image[SAMPLE_S1_SIZE])
{
	static const uint8_t zeros[2048];
	static const char config[] = "[all]\nBOOT_UART=0\n";
	memset(image, 0xff, SAMPLE_S1_SIZE);
	sample_pattern(sample_section(image, 0, 0x55aaf00f, 0x1000), 0x1000, 7, 3);
	sample_padding(image, 0x1008, 0x20000);
	sample_pattern(sample_section(image, 0x20000, 0x55aaf33f, 0x1001), 0x1001, 5, 1);
	sample_padding(image, 0x21010, 0x22000);
	sample_file(image, 0x22000, "pubkey.bin", zeros, 512);
	sample_padding(image, 0x22218, 0x22300);
	sample_file(image, 0x22300, "cacert.der", zeros, 2048);
	sample_padding(image, 0x22b18, 0x22c00);
	sample_file(image, 0x22c00, "bootconf.sig", zeros, 1024);
	sample_padding(image, 0x23018, 0x23100);
	sample_file(image, 0x23100, "bootconf.txt", config, sizeof config - 1);
}

/* A 2712 image with two boot partitions; MARKER adds the build time that signing scripts look for. */
static inline void sample_s2(uint8_t image[SAMPLE_S2_SIZE], bool marker)
{
	static const uint8_t zeros[2048], time[8] = { 0, 0, 0, 0, 255, 255, 255, 255 };
	static const char config[] = "[all]\nBOOT_UART=1\nPOWER_OFF_ON_HALT=0\n";
	static uint8_t bootsys[0x1000];
	memset(image, 0xff, SAMPLE_S2_SIZE);
	sample_pattern(bootsys, sizeof bootsys, 9, 2);
	sample_pattern(sample_section(image, 0, 0x55aaf00f, 0x6580), 0x6580, 3, 5);
	sample_padding(image, 0x6588, 0x679c);
	sample_file(image, 0x67a0, "updatetime", time, sizeof time);
	sample_padding(image, 0x67c0, 0x10000);
	sample_file(image, 0x10000, "bootsys", bootsys, sizeof bootsys);
	sample_padding(image, 0x11018, 0x11230);
	sample_pattern(sample_section(image, 0x11230, 0x55aaf44f, 0x7fd), 0x7fd, 11, 4);
	sample_padding(image, 0x11a38, 0x12000);
	sample_file(image, 0x12000, "updatetime", time, sizeof time);
	sample_padding(image, 0x12020, 0x12100);
	sample_file(image, 0x12100, "pubkey.bin", zeros, 512);
	sample_padding(image, 0x12318, 0x12400);
	sample_file(image, 0x12400, "cacert.der", zeros, 2048);
	sample_padding(image, 0x12c18, 0x12d00);
	sample_file(image, 0x12d00, "bootconf.sig", zeros, 1024);
	sample_padding(image, 0x13118, 0x14000);
	sample_file(image, 0x14000, "bootconf.txt", config, sizeof config - 1);
	sample_padding(image, 0x14040, 0x107000);
	sample_padding(image, 0x107000, 0x1fe000);
	if (marker)
		memcpy(image + 0x11300, "\0BUILD_TIMESTAMP=1700000000", 28);
}

#endif
