// One epoll loop per thread, with its timers, sockets and name resolution.
