// zlib, for RPCOverHTTP2 alone.
#ifndef TELEHEALTH_CZLIB_SHIM_H
#define TELEHEALTH_CZLIB_SHIM_H

#include <zlib.h>

// deflateInit2 and inflateInit2 are macros over the underscored functions, which Swift does not import.

static inline int telehealth_deflate_init2(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

static inline int telehealth_inflate_init2(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
