/* SPDX-License-Identifier: Apache-2.0 */
/* The declarations that src/platform/sysfs_darwin.c uses, so that it compiles where Apple's headers are not. Not for
 * programs that run. */
#ifndef COREFOUNDATION_H
#define COREFOUNDATION_H

#include <stdbool.h>

typedef const void *CFTypeRef;
typedef const struct cf_string *CFStringRef;
typedef const struct cf_dictionary *CFDictionaryRef;
typedef struct cf_dictionary *CFMutableDictionaryRef;
typedef const struct cf_boolean *CFBooleanRef;
typedef const struct cf_number *CFNumberRef;
typedef const struct cf_allocator *CFAllocatorRef;
typedef unsigned long CFTypeID;
typedef long CFIndex;
typedef unsigned char Boolean;

enum { kCFNumberSInt64Type = 4 };
enum { kCFStringEncodingUTF8 = 0x08000100 };

extern const CFAllocatorRef kCFAllocatorDefault;
extern const CFBooleanRef kCFBooleanTrue;

/* Apple's is a macro of the compiler's. */
CFStringRef CFStringConstant(const char *text);
#define CFSTR(text) CFStringConstant(text)

void CFRelease(CFTypeRef value);
CFTypeID CFGetTypeID(CFTypeRef value);
CFTypeID CFNumberGetTypeID(void);
CFTypeID CFStringGetTypeID(void);
CFTypeID CFDictionaryGetTypeID(void);
Boolean CFNumberGetValue(CFNumberRef number, CFIndex type, void *out);
Boolean CFStringGetCString(CFStringRef string, char *out, CFIndex size, unsigned encoding);
const void *CFDictionaryGetValue(CFDictionaryRef dictionary, const void *key);
void CFDictionarySetValue(CFMutableDictionaryRef dictionary, const void *key, const void *value);

#endif
