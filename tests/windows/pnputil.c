/* SPDX-License-Identifier: Apache-2.0 */
/* A fake pnputil.exe: appends its arguments to C:\pnputil.log, keeps an added driver package as oem7.inf, and ends with the
 * number in C:\pnputil.status (none: 259, "no device is connected"). */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static int status(void)
{
	int value = 259;
	FILE *f = fopen("C:\\pnputil.status", "r");
	if (f && fscanf(f, "%d", &value) != 1)
		value = 259;
	if (f)
		fclose(f);
	return value;
}

int main(int argc, char **argv)
{
	FILE *log = fopen("C:\\pnputil.log", "ab");
	if (!log)
		return 1;
	for (int i = 1; i < argc; i++)
		fprintf(log, "%s[%s]", i > 1 ? " " : "", argv[i]);
	fputc('\n', log);
	fclose(log);
	CreateDirectoryA("C:\\windows\\INF", NULL);
	int result = status();
	if (argc > 2 && strcmp(argv[1], "/add-driver") == 0 && result != 1)
		CopyFileA(argv[2], "C:\\windows\\INF\\oem7.inf", FALSE);
	if (argc > 2 && strcmp(argv[1], "/delete-driver") == 0)
		DeleteFileA("C:\\windows\\INF\\oem7.inf");
	return result;
}
