// Who is calling: tokens, the key sets of their issuers, and the key files of guests and receipts.
