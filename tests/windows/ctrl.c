/* Runs a program in a process group and console of its own, presses Ctrl-C or Ctrl-Break there once the
   file READY exists, and exits with the code of the program.
   Usage: ctrl c|break|close READY PROGRAM ARGUMENTS... */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static BOOL WINAPI ignore(DWORD event) { (void)event; return TRUE; }

int main(int argc, char **argv) {
    if (argc < 4) return 90;
    /* Behind the first three words, as they stand. */
    char *line = GetCommandLineA();
    for (int word = 0; word < 3; word++) {
        int quoted = 0;
        for (; *line && (quoted || *line != ' '); line++) if (*line == '"') quoted = !quoted;
        while (*line == ' ') line++;
    }
    STARTUPINFOA start = { .cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES };
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    /* There may be no console to press a key in. */
    FreeConsole();
    if (!AllocConsole()) return 97;
    PROCESS_INFORMATION process;
    SetConsoleCtrlHandler(ignore, TRUE);
    DWORD flags = strcmp(argv[1], "break") == 0 ? CREATE_NEW_PROCESS_GROUP : 0;
    /* A program inherits that its parent ignores Ctrl-C: not here. */
    SetConsoleCtrlHandler(NULL, FALSE);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, &start, &process)) return 91;
    DWORD code = 92;
    for (int turn = 0; GetFileAttributesA(argv[2]) == INVALID_FILE_ATTRIBUTES; turn++) {
        if (turn == 600 || WaitForSingleObject(process.hProcess, 100) == WAIT_OBJECT_0) {
            TerminateProcess(process.hProcess, 93);
            GetExitCodeProcess(process.hProcess, &code);
            fprintf(stderr, "ended before it was ready: %lu\n", code);
            return 94;
        }
    }
    BOOL sent = strcmp(argv[1], "break") == 0
        ? GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, process.dwProcessId)
        : GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    if (!sent) { fprintf(stderr, "error %lu\n", GetLastError()); TerminateProcess(process.hProcess, 95); return 95; }
    if (WaitForSingleObject(process.hProcess, 60000) != WAIT_OBJECT_0) {
        TerminateProcess(process.hProcess, 96);
        return 96;
    }
    GetExitCodeProcess(process.hProcess, &code);
    return (int)code;
}
