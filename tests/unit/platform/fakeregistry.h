/* SPDX-License-Identifier: Apache-2.0 */
/* Apple's I/O Registry for tests: a table of entries, and the functions that tests/links/darwin declares, which count
 * references as Apple's documentation has it: a caller of a function named Create, of an iterator, or of a parent owns what it
 * gets. */
#ifndef FAKEREGISTRY_H
#define FAKEREGISTRY_H

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CF_NUMBER = 1, CF_STRING, CF_DICTIONARY, CF_BOOLEAN };

struct registry_value {
	const char *key;
	CFTypeID type;
	uint64_t number;
	const char *text;
	const struct registry_value *members; /* of a dictionary, up to one without a key */
};

#define NUMBER(key, number)                        \
	{                                          \
		key, CF_NUMBER, number, NULL, NULL \
	}
#define TEXT(key, text)                       \
	{                                     \
		key, CF_STRING, 0, text, NULL \
	}
#define YES(key)                               \
	{                                      \
		key, CF_BOOLEAN, 1, NULL, NULL \
	}
#define DICTIONARY(key, members)                     \
	{                                            \
		key, CF_DICTIONARY, 0, NULL, members \
	}

struct registry_entry {
	unsigned parent;        /* number of an entry in the table, from 1; 0: the root */
	const char *classes[3]; /* its own, then those that it is derived from */
	struct registry_value values[12];
};

/* Set by the test. Entry N is the object N. */
static const struct registry_entry *registry;
static unsigned registry_size;

static int registry_references; /* objects and values that somebody owns */

/* --- values */

struct cf {
	struct registry_value value;
	bool constant;
};

static CFTypeRef cf_new(const struct registry_value *value, bool constant)
{
	struct cf *cf = malloc(sizeof *cf);
	if (!cf)
		abort();
	*cf = (struct cf){ *value, constant };
	registry_references += !constant;
	return cf;
}

const CFAllocatorRef kCFAllocatorDefault = NULL;
static const struct cf cf_true = { YES(NULL), true };
const CFBooleanRef kCFBooleanTrue = (CFBooleanRef)&cf_true;

CFStringRef CFStringConstant(const char *text)
{
	static CFTypeRef known[64];
	unsigned i = 0;
	while (known[i] && strcmp(((const struct cf *)known[i])->value.text, text) != 0)
		i++;
	if (!known[i])
		known[i] = cf_new(&(struct registry_value)TEXT(NULL, text), true);
	return known[i];
}

void CFRelease(CFTypeRef value)
{
	if (!value || ((const struct cf *)value)->constant)
		abort();
	registry_references--;
	free((struct cf *)(uintptr_t)value);
}

CFTypeID CFGetTypeID(CFTypeRef value)
{
	return ((const struct cf *)value)->value.type;
}

CFTypeID CFNumberGetTypeID(void)
{
	return CF_NUMBER;
}

CFTypeID CFStringGetTypeID(void)
{
	return CF_STRING;
}

CFTypeID CFDictionaryGetTypeID(void)
{
	return CF_DICTIONARY;
}

Boolean CFNumberGetValue(CFNumberRef number, CFIndex type, void *out)
{
	if (type != kCFNumberSInt64Type)
		abort();
	memcpy(out, &((const struct cf *)(CFTypeRef)number)->value.number, sizeof(uint64_t));
	return 1;
}

Boolean CFStringGetCString(CFStringRef string, char *out, CFIndex size, unsigned encoding)
{
	const char *text = ((const struct cf *)(CFTypeRef)string)->value.text;
	if (encoding != kCFStringEncodingUTF8 || (CFIndex)strlen(text) >= size)
		return 0;
	strcpy(out, text);
	return 1;
}

static const struct registry_value *registry_find(const struct registry_value *values,
                                                  CFTypeRef key)
{
	const char *name = ((const struct cf *)key)->value.text;
	for (; values->key; values++)
		if (strcmp(values->key, name) == 0)
			return values;
	return NULL;
}

/* Borrowed from the dictionary. */
const void *CFDictionaryGetValue(CFDictionaryRef dictionary, const void *key)
{
	static struct cf member;
	const struct registry_value *value = registry_find(
		((const struct cf *)(CFTypeRef)dictionary)->value.members, key);
	if (!value)
		return NULL;
	member = (struct cf){ *value, true };
	return &member;
}

/* Of a dictionary for matching, only. */
void CFDictionarySetValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)
{
	struct cf *cf = (struct cf *)(void *)dictionary;
	if (strcmp(((const struct cf *)key)->value.text, "Whole") != 0 || value != &cf_true)
		abort();
	cf->value.number = 1;
}

/* --- objects */

#define ITERATORS      1000 /* the first iterator's number */
#define ITERATORS_SIZE 64

static struct {
	io_object_t objects[32];
	unsigned count, next;
} registry_iterators[ITERATORS_SIZE];
static unsigned registry_iterator_count;

kern_return_t IOObjectRetain(io_object_t object)
{
	registry_references += object != 0;
	return object ? 0 : 1;
}

kern_return_t IOObjectRelease(io_object_t object)
{
	registry_references -= object != 0;
	return object ? 0 : 1;
}

int IOObjectConformsTo(io_object_t object, const char *class)
{
	for (const char *const *c = registry[object - 1].classes; *c; c++)
		if (strcmp(*c, class) == 0)
			return 1;
	return 0;
}

static bool registry_matches(io_object_t object, CFDictionaryRef matching)
{
	const struct registry_value *match = &((const struct cf *)(CFTypeRef)matching)->value;
	const struct registry_value *whole = registry_find(registry[object - 1].values,
	                                                   CFStringConstant("Whole"));
	return IOObjectConformsTo(object, match->text) &&
	       (!match->number || (whole && whole->number));
}

static io_iterator_t registry_iterator(void)
{
	registry_iterators[registry_iterator_count % ITERATORS_SIZE].count = 0;
	registry_iterators[registry_iterator_count % ITERATORS_SIZE].next = 0;
	registry_references++;
	return ITERATORS + registry_iterator_count++ % ITERATORS_SIZE;
}

static void registry_append(io_iterator_t iterator, io_object_t object)
{
	registry_iterators[iterator - ITERATORS]
		.objects[registry_iterators[iterator - ITERATORS].count++] = object;
}

CFMutableDictionaryRef IOServiceMatching(const char *name)
{
	return (CFMutableDictionaryRef)(uintptr_t)cf_new(
		&(struct registry_value){ NULL, CF_DICTIONARY, 0, name, NULL }, false);
}

/* Consumes MATCHING. */
kern_return_t IOServiceGetMatchingServices(mach_port_t port, CFDictionaryRef matching,
                                           io_iterator_t *iterator)
{
	(void)port;
	*iterator = registry_iterator();
	for (io_object_t object = 1; object <= registry_size; object++)
		if (registry_matches(object, matching))
			registry_append(*iterator, object);
	CFRelease(matching);
	return 0;
}

io_object_t IOIteratorNext(io_iterator_t iterator)
{
	unsigned i = iterator - ITERATORS;
	if (registry_iterators[i].next == registry_iterators[i].count)
		return 0;
	registry_references++;
	return registry_iterators[i].objects[registry_iterators[i].next++];
}

static CFTypeRef registry_create(const struct registry_value *value)
{
	return value ? cf_new(value, false) : NULL;
}

CFTypeRef IORegistryEntryCreateCFProperty(io_registry_entry_t entry, CFStringRef key,
                                          CFAllocatorRef allocator, IOOptionBits options)
{
	(void)allocator, (void)options;
	return registry_create(registry_find(registry[entry - 1].values, key));
}

CFTypeRef IORegistryEntrySearchCFProperty(io_registry_entry_t entry, const char *plane,
                                          CFStringRef key, CFAllocatorRef allocator,
                                          IOOptionBits options)
{
	(void)allocator;
	if (strcmp(plane, kIOServicePlane) != 0 ||
	    options != (kIORegistryIterateRecursively | kIORegistryIterateParents))
		abort();
	const struct registry_value *value = NULL;
	for (; entry && !value; entry = registry[entry - 1].parent)
		value = registry_find(registry[entry - 1].values, key);
	return registry_create(value);
}

kern_return_t IORegistryEntryGetParentEntry(io_registry_entry_t entry, const char *plane,
                                            io_registry_entry_t *parent)
{
	*parent = registry[entry - 1].parent;
	if (strcmp(plane, kIOServicePlane) != 0 || !*parent)
		return 1;
	registry_references++;
	return 0;
}

kern_return_t IORegistryEntryGetChildIterator(io_registry_entry_t entry, const char *plane,
                                              io_iterator_t *iterator)
{
	if (strcmp(plane, kIOServicePlane) != 0)
		return 1;
	*iterator = registry_iterator();
	for (io_object_t object = 1; object <= registry_size; object++)
		if (registry[object - 1].parent == entry)
			registry_append(*iterator, object);
	return 0;
}

#endif
