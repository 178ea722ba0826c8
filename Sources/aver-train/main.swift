print("aver-train")
