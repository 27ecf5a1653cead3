// What any database of the service needs: sealing, keys, the writer's queue, and the audit log's heads and secrets.
