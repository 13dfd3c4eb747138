/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <cfgmgr32.h>

/* CM_Register_Notification (Windows 8) reports every device that comes and goes, needs no window, and works in services. It is
 * looked up by name: Wine 8 does not have it. */

typedef CONFIGRET(WINAPI *register_fn)(PCM_NOTIFY_FILTER filter, PVOID ctx, PCM_NOTIFY_CALLBACK fn,
                                       PHCMNOTIFICATION out);
typedef CONFIGRET(WINAPI *unregister_fn)(HCMNOTIFICATION notification);

/* Who wants to know; there is one program, so there is one. */
static struct {
	void (*fn)(void *ctx);
	void *ctx;
	HCMNOTIFICATION handle; /* NULL: not registered */
} notify;

static DWORD CALLBACK notify_event(HCMNOTIFICATION handle, PVOID ctx, CM_NOTIFY_ACTION action,
                                   PCM_NOTIFY_EVENT_DATA data, DWORD size)
{
	(void)handle;
	(void)ctx;
	(void)action;
	(void)data;
	(void)size;
	notify.fn(notify.ctx);
	return ERROR_SUCCESS;
}

static FARPROC notify_function(const char *name)
{
	HMODULE library = GetModuleHandleW(L"cfgmgr32.dll");
	return library ? GetProcAddress(library, name) : NULL;
}

/* The call waits until callbacks that run have returned. */
static void notify_stop(void)
{
	FARPROC stop = notify_function("CM_Unregister_Notification");
	if (stop && notify.handle)
		((unregister_fn)(void (*)(void))stop)(notify.handle);
	notify.handle = NULL;
}

bool plat_on_device_change(void (*fn)(void *ctx), void *ctx)
{
	notify_stop();
	if (!fn)
		return true;
	FARPROC start = notify_function("CM_Register_Notification");
	CM_NOTIFY_FILTER filter = { .cbSize = sizeof filter,
		                    .Flags = CM_NOTIFY_FILTER_FLAG_ALL_DEVICE_INSTANCES,
		                    .FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE };
	notify.fn = fn;
	notify.ctx = ctx;
	if (!start || ((register_fn)(void (*)(void))start)(&filter, NULL, notify_event,
	                                                   &notify.handle) != CR_SUCCESS)
		notify.handle = NULL;
	return notify.handle;
}
