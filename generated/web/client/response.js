// Reading an HTTP response with suspicion: a proxy may have made it.

/** Whether a response has a content type, with parameters or without. */
export function hasType(response, type) {
  return (response.headers.get('content-type') ?? '').toLowerCase().split(';')[0].trim() === type;
}

/** undefined for text that is not JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
