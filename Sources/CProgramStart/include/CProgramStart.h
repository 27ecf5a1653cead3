// What must happen before the Swift part of a program starts, for ProgramEdge alone.
#ifndef TELEHEALTH_CPROGRAMSTART_H
#define TELEHEALTH_CPROGRAMSTART_H

/// Opens /dev/null in the place of a standard stream that the program was started without: the next file or socket
/// would get its number, and what is meant for the stream would be written there.
void telehealth_open_standard_streams(void);

/// Every line of standard output leaves when it ends, whoever reads it.
void telehealth_buffer_output_by_line(void);

/// No core dump, no debugger and no /proc/PID/mem for other processes of the same user. 0, or errno.
int telehealth_hide_memory(void);

#endif
