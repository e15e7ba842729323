<?php echo "php answers\n";
