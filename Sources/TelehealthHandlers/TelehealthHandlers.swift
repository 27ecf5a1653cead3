// The services of telehealth.v1: requests to commands, outcomes to messages, and who may call what.
