test b
