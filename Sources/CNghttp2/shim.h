// nghttp2, for HTTP2Engine alone.
#ifndef TELEHEALTH_CNGHTTP2_SHIM_H
#define TELEHEALTH_CNGHTTP2_SHIM_H

#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <nghttp2/nghttp2.h>

// The frame callbacks receive a union; these read one member each, so that Swift need not spell the union.

static inline int32_t telehealth_frame_stream_id(const nghttp2_frame *frame) { return frame->hd.stream_id; }
static inline uint8_t telehealth_frame_type(const nghttp2_frame *frame) { return frame->hd.type; }
static inline uint8_t telehealth_frame_flags(const nghttp2_frame *frame) { return frame->hd.flags; }
static inline size_t telehealth_frame_length(const nghttp2_frame *frame) { return frame->hd.length; }
static inline nghttp2_headers_category telehealth_frame_headers_category(const nghttp2_frame *frame) {
    return frame->headers.cat;
}
/// The eight opaque bytes of a PING, in the order they have in memory.
static inline uint64_t telehealth_frame_ping_payload(const nghttp2_frame *frame) {
    uint64_t payload;
    memcpy(&payload, frame->ping.opaque_data, sizeof payload);
    return payload;
}

#endif
