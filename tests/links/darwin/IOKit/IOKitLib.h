/* SPDX-License-Identifier: Apache-2.0 */
/* The declarations that src/platform/sysfs_darwin.c uses; see CoreFoundation.h beside this directory. */
#ifndef IOKITLIB_H
#define IOKITLIB_H

#include <CoreFoundation/CoreFoundation.h>

typedef unsigned mach_port_t, io_object_t, io_iterator_t, io_registry_entry_t, IOOptionBits;
typedef int kern_return_t;

#ifndef MACH_PORT_NULL
#define MACH_PORT_NULL 0
#endif
#define kIOServicePlane "IOService"

enum { kIORegistryIterateRecursively = 1, kIORegistryIterateParents = 2 };

CFMutableDictionaryRef IOServiceMatching(const char *name);
kern_return_t IOServiceGetMatchingServices(mach_port_t port, CFDictionaryRef matching,
                                           io_iterator_t *iterator);
io_object_t IOIteratorNext(io_iterator_t iterator);
kern_return_t IOObjectRetain(io_object_t object);
kern_return_t IOObjectRelease(io_object_t object);
int IOObjectConformsTo(io_object_t object, const char *class);
CFTypeRef IORegistryEntryCreateCFProperty(io_registry_entry_t entry, CFStringRef key,
                                          CFAllocatorRef allocator, IOOptionBits options);
CFTypeRef IORegistryEntrySearchCFProperty(io_registry_entry_t entry, const char *plane,
                                          CFStringRef key, CFAllocatorRef allocator,
                                          IOOptionBits options);
kern_return_t IORegistryEntryGetParentEntry(io_registry_entry_t entry, const char *plane,
                                            io_registry_entry_t *parent);
kern_return_t IORegistryEntryGetChildIterator(io_registry_entry_t entry, const char *plane,
                                              io_iterator_t *iterator);

#endif
