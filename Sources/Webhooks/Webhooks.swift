// Delivers signed session events over HTTPS to the systems that the operator names.
